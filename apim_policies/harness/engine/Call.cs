// One call on its way through the policies: its context, and what the policies did for it.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using Newtonsoft.Json.Linq;

namespace Apim.Engine
{
    internal sealed class Headers : Dictionary<string, string[]>, IReadOnlyDictionary<string, string[]>
    {
        internal Headers() : base(StringComparer.OrdinalIgnoreCase) { }

        /// <param name="pairs">[[name, value], …] as they stood on the wire; a name may come more than once.</param>
        internal static Headers From(JToken pairs)
        {
            var headers = new Headers();
            if (pairs == null) return headers;
            foreach (var pair in pairs) headers.Append((string)pair[0], (string)pair[1]);
            return headers;
        }

        internal void Append(string name, string value)
        {
            string[] present;
            if (!TryGetValue(name, out present)) present = new string[0];
            var all = new string[present.Length + 1];
            present.CopyTo(all, 0);
            all[present.Length] = value;
            this[name] = all;
        }

        internal JArray ToPairs()
        {
            var pairs = new JArray();
            foreach (var header in this)
                foreach (var value in header.Value) pairs.Add(new JArray(header.Key, value));
            return pairs;
        }
    }

    internal sealed class Call : IContext
    {
        private readonly Stopwatch watch = Stopwatch.StartNew();
        private readonly Dictionary<string, object> variables = new Dictionary<string, object>();

        internal Call()
        {
            Timestamp = DateTime.UtcNow;
            Records = new JArray();
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
        internal JArray Records { get; private set; }

        /// <summary>What forward-request asked for; null until the backend section ran it.</summary>
        internal JObject Forward { get; set; }

        /// <summary>True once policies edit the answer and no longer the request.</summary>
        internal bool Answering { get; set; }

        /// <summary>Scheme, host and path prefix of the backend, without a slash at the end.</summary>
        internal string BackendBase { get; set; }

        /// <summary>Counter keys of token limits that this call's tokens count against.</summary>
        internal readonly List<string> LimitKeys = new List<string>();

        /// <summary>Where the expression that runs stands in the policy files.</summary>
        internal string Position { get; set; }

        internal void SetVariable(string name, object value) { variables[name] = value; }

        internal JArray TakeRecords()
        {
            var taken = Records;
            Records = new JArray();
            return taken;
        }

        internal void Record(string kind, JObject record)
        {
            record["kind"] = kind;
            record["position"] = Position;
            Records.Add(record);
        }
    }
}
