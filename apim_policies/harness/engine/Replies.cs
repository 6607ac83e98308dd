// What the outside is told: forward this request, or send this answer; and what the policies reported.
using System;
using Newtonsoft.Json.Linq;

namespace Apim.Engine
{
    internal static class Replies
    {
        private static readonly byte[] Nothing = new byte[0];

        internal static Tuple<JObject, byte[]> Forward(Call call)
        {
            var head = Start(call);
            // A backend section without forward-request goes on to outbound; no API that calls a model does that.
            if (call.Forward == null) throw new InvalidOperationException("the backend section has no forward-request");
            head["forward"] = call.Forward;
            call.Forward["method"] = call.Request.Method;
            call.Forward["url"] = call.BackendBase + call.Request.Url.Path + call.Request.Url.QueryString;
            call.Forward["headers"] = ((Headers)call.Request.Headers).ToPairs();
            return Tuple.Create(head, call.Request.Body == null ? Nothing : call.Request.Body.Content ?? Nothing);
        }

        internal static Tuple<JObject, byte[]> Answer(Call call)
        {
            var head = Start(call);
            var body = call.Response == null ? null : call.Response.Body;
            if (call.Response != null)
                head["answer"] = new JObject
                {
                    { "status", call.Response.StatusCode },
                    { "reason", call.Response.StatusReason },
                    { "headers", ((Headers)call.Response.Headers).ToPairs() },
                    { "streamed", body != null && body.Streamed },
                };
            if (call.LastError != null)
                head["error"] = new JObject
                {
                    { "source", call.LastError.Source }, { "reason", call.LastError.Reason },
                    { "message", call.LastError.Message }, { "section", call.LastError.Section },
                    { "status", call.Response == null ? 0 : call.Response.StatusCode },
                };
            return Tuple.Create(head, body == null || body.Streamed ? Nothing : body.Content ?? Nothing);
        }

        private static JObject Start(Call call)
        {
            return new JObject { { "records", call.TakeRecords() }, { "limit_keys", new JArray(call.LimitKeys) } };
        }
    }
}
