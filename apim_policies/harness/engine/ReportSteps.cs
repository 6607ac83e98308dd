// Policies that only report: events to Event Hubs, traces, and requests for token metrics.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Apim.Engine
{
    internal static class ReportSteps
    {
        // The gateway cuts longer messages silently; its documented limit of 200 KB was seen to be 204,000 bytes.
        private const int EventBytesMax = 204000;

        internal static void LogToEventHub(Step step, Call call)
        {
            var text = (string)step.Text.Evaluate(call);
            var bytes = Encoding.UTF8.GetBytes(text);
            if (bytes.Length > EventBytesMax) Array.Resize(ref bytes, EventBytesMax);
            var texts = new[]
            {
                "logger_id", step.Read("logger-id", call),
                "partition_key", step.Read("partition-key", call),
                "partition_id", step.Read("partition-id", call),
            };
            call.Records.Add(new Record(call.Position, texts, bytes));
        }

        /// <summary>An empty metadata value fails the call, as it does on the real gateway.</summary>
        internal static void Trace(Step step, Call call)
        {
            var metadata = new List<KeyValuePair<string, string>>();
            foreach (var entry in step.Named("metadata"))
            {
                var name = entry.Read("name", call);
                var value = entry.Read("value", call);
                if (string.IsNullOrEmpty(value))
                    throw new InvalidOperationException("trace metadata " + name + " is empty, which fails the call");
                metadata.Add(new KeyValuePair<string, string>(name, value));
            }
            var message = Convert.ToString(step.Named("message").Single().Text.Evaluate(call));
            var severity = step.Read("severity", call, "verbose");
            var texts = new[] { "source", step.Read("source", call), "severity", severity, "message", message };
            call.Records.Add(new Record("trace", call.Position, texts, "metadata", metadata));
        }

        /// <summary>The tokens are counted later, from the answer; names and dimensions are known here.</summary>
        internal static void EmitTokenMetric(Step step, Call call)
        {
            var dimensions = new List<KeyValuePair<string, string>>();
            foreach (var dimension in step.Named("dimension"))
            {
                var name = dimension.Read("name", call);
                var value = dimension.Has("value") ? dimension.Read("value", call) : Default(name, call);
                dimensions.Add(new KeyValuePair<string, string>(name, value));
            }
            var texts = new[] { "namespace", step.Read("namespace", call, "API Management") };
            call.Records.Add(new Record("token-metric", call.Position, texts, "dimensions", dimensions));
        }

        private static string Default(string dimension, Call call)
        {
            switch (dimension)
            {
                case "API ID": return call.Api == null ? null : call.Api.Id;
                case "Operation ID": return call.Operation == null ? null : call.Operation.Id;
                case "Product ID": return call.Product == null ? null : call.Product.Id;
                case "Subscription ID": return call.Subscription == null ? null : call.Subscription.Id;
                case "User ID": return call.User == null ? null : call.User.Id;
                case "Location": return call.Deployment.Region;
                case "Gateway ID": return call.Deployment.GatewayId;
                default: throw new InvalidOperationException("dimension " + dimension + " has no default value");
            }
        }
    }
}
