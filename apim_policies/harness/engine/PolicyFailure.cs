// An error that ends a section and starts on-error, with what context.LastError and the caller see of it.
using System;

namespace Apim.Engine
{
    internal sealed class PolicyFailure : Exception
    {
        internal readonly string Policy;
        internal readonly string Reason;
        internal readonly int Status;
        internal int RetryAfterSeconds;

        internal PolicyFailure(string policy, string reason, string message, int status) : base(message)
        {
            Policy = policy;
            Reason = reason;
            Status = status;
        }
    }

    /// <summary>return-response: the pipeline ends and call.Response is the answer.</summary>
    internal sealed class Returned : Exception { }
}
