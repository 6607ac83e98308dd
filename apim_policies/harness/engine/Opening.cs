// From the outside's description of a request to the context that policies see.
using System;
using System.Collections.Generic;
using Newtonsoft.Json.Linq;

namespace Apim.Engine
{
    internal static class Opening
    {
        internal static Call Open(JObject head, byte[] body)
        {
            var original = new Uri((string)head["url"]);
            var api = head["api"];
            return new Call
            {
                RequestId = Guid.Parse((string)head["request_id"]),
                Api = new Api { Id = (string)api["id"], Name = (string)api["id"], Path = (string)api["path"] },
                BackendBase = ((string)api["service_url"]).TrimEnd('/'),
                Operation = Id(head, "operation", id => new Operation { Id = id, Name = id }),
                Product = Id(head, "product", id => new Product { Id = id, Name = id }),
                Subscription = Id(head, "subscription", id => new Subscription { Id = id, Name = id }),
                User = Id(head, "user", id => new User { Id = id }),
                Deployment = new Deployment
                {
                    GatewayId = "managed", Region = (string)head["region"], ServiceName = (string)head["service"],
                },
                Request = new Request
                {
                    Method = (string)head["method"], IpAddress = (string)head["ip"],
                    Headers = Headers.From(head["headers"]),
                    MatchedParameters = new Dictionary<string, string>(),
                    Body = body.Length == 0 ? null : new MessageBody(body, null),
                    OriginalUrl = At(original, original.AbsolutePath),
                    Url = At(original, Below(original.AbsolutePath, (string)api["path"])),
                },
            };
        }

        private static T Id<T>(JObject head, string name, Func<string, T> make) where T : class
        {
            var id = (string)head[name];
            return id == null ? null : make(id);
        }

        private static Url At(Uri uri, string path)
        {
            return new Url
            {
                Scheme = uri.Scheme, Host = uri.Host, Port = uri.Port, Path = path,
                QueryString = uri.Query, Query = MessageSteps.ParseQuery(uri.Query),
            };
        }

        /// <summary>The path without the API's own prefix: what is appended to the backend's URL.</summary>
        private static string Below(string path, string prefix)
        {
            var start = "/" + (prefix ?? "").Trim('/');
            return start != "/" && path.StartsWith(start, StringComparison.OrdinalIgnoreCase)
                ? path.Substring(start.Length) : path;
        }
    }
}
