// llm-token-limit as a plain counter: tokens per key in the current minute, counted after each answer.
// The real gateway's window and its estimates are not documented; only "over the limit means 429" is.
using System;
using System.Collections.Generic;
using System.Linq;

namespace Apim.Engine
{
    internal sealed class TokenLimit
    {
        private const int CountersMax = 100000;

        private sealed class Counter
        {
            internal long Minute;
            internal long Tokens;
        }

        private readonly Dictionary<string, Counter> counters = new Dictionary<string, Counter>();

        internal void Check(Step step, Call call)
        {
            var key = step.Read("counter-key", call);
            var limit = long.Parse(step.Read("tokens-per-minute", call));
            if (Current(key).Tokens >= limit)
            {
                var seconds = 60 - DateTime.UtcNow.Second;
                throw new PolicyFailure("llm-token-limit", "TokenLimitExceeded",
                    "Token limit is exceeded. Try again in " + seconds + " seconds.", 429)
                    { RetryAfterSeconds = seconds };
            }
            call.LimitKeys.Add(key);
        }

        internal void Consume(string key, long tokens) { Current(key).Tokens += tokens; }

        private Counter Current(string key)
        {
            var minute = DateTime.UtcNow.Ticks / TimeSpan.TicksPerMinute;
            Counter counter;
            if (!counters.TryGetValue(key, out counter))
            {
                if (counters.Count >= CountersMax) counters.Clear();
                counters[key] = counter = new Counter();
            }
            if (counter.Minute != minute) { counter.Minute = minute; counter.Tokens = 0; }
            return counter;
        }
    }
}
