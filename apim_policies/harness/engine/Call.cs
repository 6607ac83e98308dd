// One call on its way through the policies: its context, and what the policies did for it.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;

namespace Apim.Engine
{
    internal sealed class Headers : Dictionary<string, string[]>, IReadOnlyDictionary<string, string[]>
    {
        internal Headers() : base(StringComparer.OrdinalIgnoreCase) { }

        internal void Append(string name, string value)
        {
            string[] present;
            this[name] = TryGetValue(name, out present) ? present.Concat(new[] { value }).ToArray() : new[] { value };
        }

        /// <summary>Writes [[name, value], …].</summary>
        internal void Write(PackWriter writer)
        {
            writer.List(Values.Sum(values => values.Length));
            foreach (var header in this)
                foreach (var value in header.Value)
                {
                    writer.List(2);
                    writer.Text(header.Key);
                    writer.Text(value);
                }
        }
    }

    internal sealed class Call : IContext
    {
        private readonly Stopwatch watch = Stopwatch.StartNew();
        private readonly Dictionary<string, object> variables = new Dictionary<string, object>();

        internal Call()
        {
            Timestamp = DateTime.UtcNow;
        }

        public Api Api { get; internal set; }
        public Deployment Deployment { get; internal set; }
        public TimeSpan Elapsed { get { return watch.Elapsed; } }
        public LastError LastError { get; internal set; }
        public Operation Operation { get; internal set; }
        public Product Product { get; internal set; }
        public Request Request { get; internal set; }
        public Guid RequestId { get; internal set; }
        public Response Response { get; internal set; }
        public Subscription Subscription { get; internal set; }
        public DateTime Timestamp { get; private set; }
        public bool Tracing { get { return false; } }
        public User User { get; internal set; }
        public IReadOnlyDictionary<string, object> Variables { get { return variables; } }
        public void Trace(string message) { }

        /// <summary>Events, traces, metrics and faults of the section that runs, in their order.</summary>
        internal readonly List<Record> Records = new List<Record>();

        /// <summary>What forward-request asked for; null until the backend section ran it.</summary>
        internal Forward Forward { get; set; }

        /// <summary>The body that came with the last question; a reply does not send it back.</summary>
        internal byte[] BodySent { get; set; }

        /// <summary>True once policies edit the answer and no longer the request.</summary>
        internal bool Answering { get; set; }

        /// <summary>Scheme, host and path prefix of the backend, without a slash at the end.</summary>
        internal string BackendBase { get; set; }

        /// <summary>Under which a lookup looked for the answer; null without a lookup.</summary>
        internal string CacheKey { get; set; }

        /// <summary>The answer is a cached one.</summary>
        internal bool FromCache { get; set; }

        /// <summary>Counter keys of token limits that this call's tokens count against.</summary>
        internal readonly List<string> LimitKeys = new List<string>();

        /// <summary>Position of the running expression in the policy files.</summary>
        internal string Position { get; set; }

        internal void SetVariable(string name, object value) { variables[name] = value; }

        /// <param name="texts">Names and their values by turns.</param>
        internal void Report(string kind, params string[] texts)
        {
            Records.Add(new Record(kind, Position, texts));
        }
    }
}
