// Policies that change the request on its way in, or the answer on its way out.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Apim.Engine
{
    internal static class MessageSteps
    {
        internal static void SetHeader(Step step, Call call)
        {
            var headers = (Headers)(call.Answering ? call.Response.Headers : call.Request.Headers);
            var name = step.Read("name", call);
            var action = step.Read("exists-action", call, "override");
            if (action == "skip" && headers.ContainsKey(name)) return;
            if (action == "delete" || action == "override") headers.Remove(name);
            if (action == "delete") return;
            foreach (var value in step.Named("value"))
                headers.Append(name, Convert.ToString(value.Text.Evaluate(call)));
        }

        internal static void SetBody(Step step, Call call)
        {
            var content = Encoding.UTF8.GetBytes((string)step.Text.Evaluate(call));
            var body = new MessageBody(content, null);
            var headers = (Headers)(call.Answering ? call.Response.Headers : call.Request.Headers);
            if (headers.ContainsKey("Content-Length")) headers["Content-Length"] = new[] { content.Length.ToString() };
            if (call.Answering) call.Response.Body = body; else call.Request.Body = body;
        }

        internal static void SetStatus(Step step, Call call)
        {
            call.Response.StatusCode = int.Parse(step.Read("code", call));
            call.Response.StatusReason = step.Read("reason", call);
        }

        internal static void SetBackendService(Step step, Call call)
        {
            call.BackendBase = step.Read("base-url", call).TrimEnd('/');
        }

        internal static void SetQueryParameter(Step step, Call call)
        {
            var url = call.Request.Url;
            var name = step.Read("name", call);
            var action = step.Read("exists-action", call, "override");
            if (action == "skip" && url.Query.ContainsKey(name)) return;
            if (action == "delete" && !url.Query.ContainsKey(name)) return;
            // The original URL may share the dictionary.
            var query = url.Query.ToDictionary(entry => entry.Key, entry => entry.Value);
            var values = step.Named("value").Select(value => Convert.ToString(value.Text.Evaluate(call))).ToList();
            if (action == "append" && query.ContainsKey(name)) values.InsertRange(0, query[name]);
            query.Remove(name);
            if (action != "delete") query[name] = values.ToArray();
            url.Query = query;
            url.QueryString = Print(query);
        }

        /// <param name="text">A query string with or without the leading question mark.</param>
        internal static Dictionary<string, string[]> ParseQuery(string text)
        {
            return text.TrimStart('?').Split(new[] { '&' }, StringSplitOptions.RemoveEmptyEntries)
                .Select(pair => pair.Split(new[] { '=' }, 2))
                .GroupBy(pair => Uri.UnescapeDataString(pair[0]))
                .ToDictionary(
                    group => group.Key,
                    group => group.Select(pair => pair.Length == 2 ? Uri.UnescapeDataString(pair[1]) : "").ToArray());
        }

        private static string Print(Dictionary<string, string[]> query)
        {
            var pairs = query.SelectMany(entry => entry.Value.Select(
                value => Uri.EscapeDataString(entry.Key) + "=" + Uri.EscapeDataString(value))).ToArray();
            return pairs.Length == 0 ? "" : "?" + string.Join("&", pairs);
        }
    }
}
