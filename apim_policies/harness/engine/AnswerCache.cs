// Response caches, the semantic one too, as an exact one: the same method, URL and body is a hit. On a hit the
// gateway skips what is left of inbound and backend, and goes on in outbound after the policy that stored the answer.
using System;
using System.Collections.Generic;
using System.Linq;

namespace Apim.Engine
{
    /// <summary>A lookup found call.Response.</summary>
    internal sealed class CacheHit : Exception { }

    internal sealed class AnswerCache
    {
        private const int AnswersMax = 10000;

        private sealed class Stored
        {
            internal int Status;
            internal string Reason;
            internal Headers Headers;
            internal byte[] Content;
        }

        private readonly Dictionary<string, Stored> answers = new Dictionary<string, Stored>();

        internal void Lookup(Step step, Call call)
        {
            var body = call.Request.Body == null ? "" : call.Request.Body.As<string>(preserveContent: true);
            var url = call.Request.Url.Path + call.Request.Url.QueryString;
            var varies = step.Named("vary-by").Select(part => Convert.ToString(part.Text.Evaluate(call)));
            call.CacheKey = call.Request.Method + " " + url + "\n" + string.Join("\n", varies) + "\n" + body;
            Stored stored;
            if (!answers.TryGetValue(call.CacheKey, out stored)) return;
            call.FromCache = true;
            call.Response = new Response
            {
                StatusCode = stored.Status, StatusReason = stored.Reason, Headers = Copy(stored.Headers),
                Body = new MessageBody(stored.Content, null),
            };
            throw new CacheHit();
        }

        /// <summary>Stores an answer whose call was looked up before; never one that streams.</summary>
        internal void Store(Step step, Call call)
        {
            var response = call.Response;
            if (call.CacheKey == null || response.StatusCode != 200 || response.Body.Streamed) return;
            if (answers.Count >= AnswersMax) answers.Clear();
            answers[call.CacheKey] = new Stored
            {
                Status = response.StatusCode, Reason = response.StatusReason,
                Headers = Copy((Headers)response.Headers), Content = response.Body.Content,
            };
        }

        /// <summary>What follows the policy that stores answers, in it or in a choose around it.</summary>
        internal static IEnumerable<Step> After(Step[] outbound)
        {
            var at = Array.FindIndex(outbound, Stores);
            return outbound.Skip(at + 1);
        }

        private static bool Stores(Step step)
        {
            return step.Name.EndsWith("cache-store", StringComparison.Ordinal) || step.Children.Any(Stores);
        }

        private static Headers Copy(Headers headers)
        {
            var copy = new Headers();
            foreach (var header in headers) copy[header.Key] = header.Value;
            return copy;
        }
    }
}
