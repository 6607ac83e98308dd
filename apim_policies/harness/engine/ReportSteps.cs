// Policies that only report: events to Event Hubs, traces, and requests for token metrics.
using System;
using System.Linq;
using System.Text;
using Newtonsoft.Json.Linq;

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
            call.Record("event", new JObject
            {
                { "logger_id", step.Read("logger-id", call) },
                { "partition_key", step.Read("partition-key", call) },
                { "partition_id", step.Read("partition-id", call) },
                { "body", Convert.ToBase64String(bytes, 0, Math.Min(bytes.Length, EventBytesMax)) },
            });
        }

        /// <summary>An empty metadata value fails the call, as it does on the real gateway.</summary>
        internal static void Trace(Step step, Call call)
        {
            var metadata = new JObject();
            foreach (var entry in step.Named("metadata"))
            {
                var name = entry.Read("name", call);
                var value = entry.Read("value", call);
                if (string.IsNullOrEmpty(value))
                    throw new InvalidOperationException("trace metadata " + name + " is empty, which fails the call");
                metadata[name] = value;
            }
            call.Record("trace", new JObject
            {
                { "source", step.Read("source", call) },
                { "severity", step.Read("severity", call, "verbose") },
                { "message", Convert.ToString(step.Named("message").Single().Text.Evaluate(call)) },
                { "metadata", metadata },
            });
        }

        /// <summary>The tokens are counted later, from the answer; names and dimensions are known here.</summary>
        internal static void EmitTokenMetric(Step step, Call call)
        {
            var dimensions = new JObject();
            foreach (var dimension in step.Named("dimension"))
            {
                var name = dimension.Read("name", call);
                dimensions[name] = dimension.Has("value") ? dimension.Read("value", call) : Default(name, call);
            }
            call.Record("token-metric", new JObject
            {
                { "namespace", step.Read("namespace", call, "API Management") },
                { "dimensions", dimensions },
            });
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
