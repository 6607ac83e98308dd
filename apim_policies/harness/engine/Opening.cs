// From the outside's description of a request to the context that policies see.
using System;
using System.Collections.Generic;
using Newtonsoft.Json.Linq;

namespace Apim.Engine
{
    internal sealed class Opening
    {
        private readonly Api api;
        private readonly Deployment deployment;
        private readonly string backendBase;

        /// <param name="gateway">What is the same for every call: `service`, `region`, `api_*`, `backend_url`.</param>
        internal Opening(JToken gateway)
        {
            var id = (string)gateway["api_id"];
            api = new Api { Id = id, Name = id, Path = (string)gateway["api_path"] };
            deployment = new Deployment
            {
                GatewayId = "managed", Region = (string)gateway["region"], ServiceName = (string)gateway["service"],
            };
            backendBase = ((string)gateway["backend_url"]).TrimEnd('/');
        }

        internal Call Open(Question question)
        {
            var original = new Uri(question.Text("url"));
            var query = MessageSteps.ParseQuery(original.Query);
            return new Call
            {
                RequestId = Guid.Parse(question.Text("request_id")),
                Api = api,
                Deployment = deployment,
                BackendBase = backendBase,
                Operation = Named(question.Text("operation"), id => new Operation { Id = id, Name = id }),
                Product = Named(question.Text("product"), id => new Product { Id = id, Name = id }),
                Subscription = Named(question.Text("subscription"), id => new Subscription { Id = id, Name = id }),
                Request = new Request
                {
                    Method = question.Text("method"), IpAddress = question.Text("ip"), Headers = question.Headers,
                    MatchedParameters = new Dictionary<string, string>(),
                    Body = question.Body.Length == 0 ? null : new MessageBody(question.Body, null),
                    OriginalUrl = At(original, original.AbsolutePath, query),
                    Url = At(original, Below(original.AbsolutePath, api.Path), query),
                },
            };
        }

        private static T Named<T>(string id, Func<string, T> make) where T : class
        {
            return id == null ? null : make(id);
        }

        private static Url At(Uri uri, string path, IReadOnlyDictionary<string, string[]> query)
        {
            return new Url
            {
                Scheme = uri.Scheme, Host = uri.Host, Port = uri.Port, Path = path,
                QueryString = uri.Query, Query = query,
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
