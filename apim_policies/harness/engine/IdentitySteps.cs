// Local stand-ins for Entra: a token is decoded and its tenant, audience and times are checked, its signature is not.
using System;
using System.Linq;
using System.Text;
using Newtonsoft.Json.Linq;

namespace Apim.Engine
{
    internal static class IdentitySteps
    {
        private const string Policy = "validate-azure-ad-token";
        private static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

        internal static void ManagedIdentity(Step step, Call call, string token)
        {
            var variable = step.Read("output-token-variable-name", call);
            if (variable != null) call.SetVariable(variable, token);
            else ((Headers)call.Request.Headers)["Authorization"] = new[] { "Bearer " + token };
        }

        internal static void ValidateToken(Step step, Call call)
        {
            var header = call.Request.Headers.GetValueOrDefault(step.Read("header-name", call, "Authorization"), "");
            if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
                throw Refusal(step, call, "TokenNotPresent");
            var token = Decode(header.Substring("Bearer ".Length).Trim());
            var reason = token == null ? "JwtInvalid" : Fault(token, step, call);
            if (reason != null) throw Refusal(step, call, reason);
            var variable = step.Read("output-token-variable-name", call);
            if (variable != null) call.SetVariable(variable, token);
        }

        private static string Fault(Jwt token, Step step, Call call)
        {
            var tenant = step.Read("tenant-id", call);
            if (token.Claims.GetValueOrDefault("tid", "") != tenant) return "TokenIssuerNotAllowed";
            var audiences = step.Named("audiences").SelectMany(list => list.Children)
                .Select(entry => (string)entry.Text.Evaluate(call)).ToList();
            if (!token.Audiences.Intersect(audiences).Any()) return "TokenAudienceNotAllowed";
            if (token.ExpirationTime == null || token.ExpirationTime < DateTime.UtcNow) return "TokenExpired";
            if (token.NotBefore != null && token.NotBefore > DateTime.UtcNow) return "JwtInvalid";
            return null;
        }

        private static PolicyFailure Refusal(Step step, Call call, string reason)
        {
            var status = int.Parse(step.Read("failed-validation-httpcode", call, "401"));
            var message = step.Read("failed-validation-error-message", call, "Unauthorized. Access token is invalid.");
            return new PolicyFailure(Policy, reason, message, status);
        }

        /// <returns>Null if the text is no JWT.</returns>
        private static Jwt Decode(string text)
        {
            var parts = text.Split('.');
            if (parts.Length != 3) return null;
            try
            {
                var header = JObject.Parse(Part(parts[0]));
                var claims = JObject.Parse(Part(parts[1]));
                var values = new Headers();
                foreach (var claim in claims) values[claim.Key] = Texts(claim.Value);
                return new Jwt
                {
                    Algorithm = (string)header["alg"], Type = (string)header["typ"], Claims = values,
                    Audiences = values.ContainsKey("aud") ? values["aud"] : new string[0],
                    Id = (string)claims["jti"], Issuer = (string)claims["iss"], Subject = (string)claims["sub"],
                    ExpirationTime = Instant(claims["exp"]), NotBefore = Instant(claims["nbf"]),
                };
            }
            catch (Exception error) when (error is FormatException || error is Newtonsoft.Json.JsonException
                                          || error is ArgumentException)
            {
                return null;
            }
        }

        private static string Part(string base64Url)
        {
            var text = base64Url.Replace('-', '+').Replace('_', '/');
            return Encoding.UTF8.GetString(Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '=')));
        }

        private static string[] Texts(JToken claim)
        {
            return claim.Type == JTokenType.Array
                ? claim.Select(entry => entry.ToString()).ToArray() : new[] { claim.ToString() };
        }

        private static DateTime? Instant(JToken seconds)
        {
            return seconds == null ? (DateTime?)null : Epoch.AddSeconds((double)seconds);
        }
    }
}
