// The reply to the outside: forward this request, or send this answer; and what the policies reported.
using System;

namespace Apim.Engine
{
    /// <summary>What forward-request asks for.</summary>
    internal sealed class Forward
    {
        internal int TimeoutSeconds;
        internal bool BufferResponse;
    }

    internal sealed class Reply
    {
        private static readonly byte[] Nothing = new byte[0];
        private readonly Action<PackWriter> writeHead;

        internal readonly byte[] Body;

        private Reply(byte[] body, Action<PackWriter> writeHead)
        {
            Body = body ?? Nothing;
            this.writeHead = writeHead;
        }

        internal void WriteHead(PackWriter writer) { writeHead(writer); }

        internal static Reply Empty() { return new Reply(null, writer => writer.Map(0)); }

        internal static Reply Fault(Exception error)
        {
            return new Reply(null, writer =>
            {
                writer.Map(1);
                writer.Text("engine_error");
                writer.Text(error.ToString());
            });
        }

        internal static Reply To(Call call, bool done)
        {
            // A backend section without forward-request goes on to outbound; no API that calls a model does that.
            if (!done && call.Forward == null)
                throw new InvalidOperationException("the backend section has no forward-request");
            var message = !done ? call.Request.Body : call.Response == null ? null : call.Response.Body;
            var body = message == null ? null : message.Content;
            var sameBody = body != null && body == call.BodySent;
            return new Reply(sameBody ? null : body, writer =>
            {
                var answered = done && call.Response != null;
                var failed = done && call.LastError != null;
                writer.Map(4 + (done ? 0 : 1) + (answered ? 1 : 0) + (failed ? 1 : 0));
                WriteReports(writer, call);
                writer.Text("cache");
                writer.Text(call.FromCache ? "hit" : call.CacheKey == null ? "none" : "miss");
                writer.Text("same_body");
                writer.Flag(sameBody);
                if (!done) WriteForward(writer, call);
                if (answered) WriteAnswer(writer, call.Response);
                if (failed) WriteError(writer, call);
            });
        }

        private static void WriteReports(PackWriter writer, Call call)
        {
            writer.Text("records");
            writer.List(call.Records.Count);
            foreach (var record in call.Records) record.Write(writer);
            writer.Text("limit_keys");
            writer.List(call.LimitKeys.Count);
            foreach (var key in call.LimitKeys) writer.Text(key);
        }

        private static void WriteForward(PackWriter writer, Call call)
        {
            writer.Text("forward");
            writer.Map(5);
            WriteText(writer, "method", call.Request.Method);
            WriteText(writer, "url", call.BackendBase + call.Request.Url.Path + call.Request.Url.QueryString);
            WriteHeaders(writer, call.Request.Headers);
            WriteNumber(writer, "timeout_s", call.Forward.TimeoutSeconds);
            writer.Text("buffer_response");
            writer.Flag(call.Forward.BufferResponse);
        }

        private static void WriteAnswer(PackWriter writer, Response response)
        {
            writer.Text("answer");
            writer.Map(4);
            WriteNumber(writer, "status", response.StatusCode);
            WriteText(writer, "reason", response.StatusReason);
            WriteHeaders(writer, response.Headers);
            writer.Text("streamed");
            writer.Flag(response.Body != null && response.Body.Streamed);
        }

        private static void WriteError(PackWriter writer, Call call)
        {
            writer.Text("error");
            writer.Map(5);
            WriteText(writer, "source", call.LastError.Source);
            WriteText(writer, "reason", call.LastError.Reason);
            WriteText(writer, "message", call.LastError.Message);
            WriteText(writer, "section", call.LastError.Section);
            WriteNumber(writer, "status", call.Response == null ? 0 : call.Response.StatusCode);
        }

        private static void WriteHeaders(PackWriter writer, object headers)
        {
            writer.Text("headers");
            ((Headers)headers).Write(writer);
        }

        private static void WriteText(PackWriter writer, string name, string value)
        {
            writer.Text(name);
            writer.Text(value);
        }

        private static void WriteNumber(PackWriter writer, string name, int value)
        {
            writer.Text(name);
            writer.Number(value);
        }
    }
}
