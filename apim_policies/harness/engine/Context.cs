// The `context` variable of policy expressions: the members that API Management documents, and no others.
// Setters are internal, so that a policy cannot compile against what the gateway keeps read-only.
using System;
using System.Collections.Generic;

namespace Apim
{
    public interface IContext
    {
        Api Api { get; }
        Deployment Deployment { get; }
        /// <summary>Time since <see cref="Timestamp"/>.</summary>
        TimeSpan Elapsed { get; }
        LastError LastError { get; }
        Operation Operation { get; }
        Product Product { get; }
        Request Request { get; }
        Guid RequestId { get; }
        /// <summary>Null until the backend answered or an error made an answer.</summary>
        Response Response { get; }
        Subscription Subscription { get; }
        DateTime Timestamp { get; }
        bool Tracing { get; }
        User User { get; }
        IReadOnlyDictionary<string, object> Variables { get; }
        void Trace(string message);
    }

    public sealed class Api
    {
        public string Id { get; internal set; }
        public string Name { get; internal set; }
        public string Path { get; internal set; }
        public string Revision { get; internal set; }
        public string Version { get; internal set; }
        public bool IsCurrentRevision { get; internal set; }
        public Url ServiceUrl { get; internal set; }
    }

    public sealed class Deployment
    {
        public string GatewayId { get; internal set; }
        public string Region { get; internal set; }
        public string ServiceName { get; internal set; }
    }

    public sealed class LastError
    {
        public string Source { get; internal set; }
        public string Reason { get; internal set; }
        public string Message { get; internal set; }
        public string Scope { get; internal set; }
        public string Section { get; internal set; }
        public string Path { get; internal set; }
        public string PolicyId { get; internal set; }
    }

    public sealed class Operation
    {
        public string Id { get; internal set; }
        public string Method { get; internal set; }
        public string Name { get; internal set; }
        public string UrlTemplate { get; internal set; }
    }

    public sealed class Product
    {
        public string Id { get; internal set; }
        public string Name { get; internal set; }
    }

    /// <summary>Subscription.Key is documented but left out: no policy of this project may read a key.</summary>
    public sealed class Subscription
    {
        public string Id { get; internal set; }
        public string Name { get; internal set; }
    }

    public sealed class User
    {
        public string Id { get; internal set; }
    }

    public sealed class Url
    {
        public string Scheme { get; internal set; }
        public string Host { get; internal set; }
        public int Port { get; internal set; }
        public string Path { get; internal set; }
        public string QueryString { get; internal set; }
        public IReadOnlyDictionary<string, string[]> Query { get; internal set; }
    }

    public sealed class Request
    {
        /// <summary>Null if the request has no body.</summary>
        public MessageBody Body { get; internal set; }
        public IReadOnlyDictionary<string, string[]> Headers { get; internal set; }
        public string IpAddress { get; internal set; }
        public IReadOnlyDictionary<string, string> MatchedParameters { get; internal set; }
        public string Method { get; internal set; }
        public Url OriginalUrl { get; internal set; }
        public Url Url { get; internal set; }
    }

    public sealed class Response
    {
        public MessageBody Body { get; internal set; }
        public IReadOnlyDictionary<string, string[]> Headers { get; internal set; }
        public int StatusCode { get; internal set; }
        public string StatusReason { get; internal set; }
    }

    public sealed class Jwt
    {
        public string Algorithm { get; internal set; }
        public IEnumerable<string> Audiences { get; internal set; }
        public IReadOnlyDictionary<string, string[]> Claims { get; internal set; }
        public DateTime? ExpirationTime { get; internal set; }
        public string Id { get; internal set; }
        public string Issuer { get; internal set; }
        public DateTime? NotBefore { get; internal set; }
        public string Subject { get; internal set; }
        public string Type { get; internal set; }
    }

    public static class Lookups
    {
        /// <summary>All values of a header, query parameter or claim, joined by commas.</summary>
        public static string GetValueOrDefault(
            this IReadOnlyDictionary<string, string[]> values, string name, string defaultValue)
        {
            string[] found;
            return values.TryGetValue(name, out found) ? string.Join(",", found) : defaultValue;
        }

        /// <summary>Throws if the variable's type is not T, as the gateway does.</summary>
        public static T GetValueOrDefault<T>(
            this IReadOnlyDictionary<string, object> variables, string name, T defaultValue)
        {
            object found;
            return variables.TryGetValue(name, out found) ? (T)found : defaultValue;
        }
    }
}
