// llm-token-limit as a plain counter: tokens per key in the minute that the key's first call started,
// counted after each answer. The real gateway's window and its estimates are not documented.
using System;
using System.Collections.Generic;

namespace Apim.Engine
{
    internal sealed class TokenLimit
    {
        private const int CountersMax = 100000;
        private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

        private sealed class Counter
        {
            internal DateTime End;
            internal long Tokens;
        }

        private readonly Dictionary<string, Counter> counters = new Dictionary<string, Counter>();

        internal void Check(Step step, Call call)
        {
            var key = step.Read("counter-key", call);
            var counter = Current(key);
            if (counter.Tokens >= long.Parse(step.Read("tokens-per-minute", call)))
            {
                var seconds = Math.Max(1, (int)Math.Ceiling((counter.End - DateTime.UtcNow).TotalSeconds));
                throw new PolicyFailure("llm-token-limit", "TokenLimitExceeded",
                    "Token limit is exceeded. Try again in " + seconds + " seconds.", 429)
                    { RetryAfterSeconds = seconds };
            }
            call.LimitKeys.Add(key);
        }

        internal void Consume(string key, long tokens) { Current(key).Tokens += tokens; }

        private Counter Current(string key)
        {
            Counter counter;
            var now = DateTime.UtcNow;
            if (counters.TryGetValue(key, out counter) && now < counter.End) return counter;
            if (counters.Count >= CountersMax) counters.Clear();
            return counters[key] = new Counter { End = now + Window };
        }
    }
}
