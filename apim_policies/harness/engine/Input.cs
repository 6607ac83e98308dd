// Standard input, read in large pieces; knows whether more of it is here already.
using System;
using System.IO;

namespace Apim.Engine
{
    internal sealed class Input
    {
        private readonly byte[] buffer = new byte[1 << 16];
        private readonly Stream stream;
        private int at;
        private int end;

        internal Input(Stream stream) { this.stream = stream; }

        /// <summary>Whether the next byte can be had without waiting.</summary>
        internal bool HasMore { get { return at < end; } }

        /// <returns>False at the end of the input.</returns>
        internal bool Fill(byte[] target)
        {
            for (var done = 0; done < target.Length;)
            {
                if (!HasMore)
                {
                    at = 0;
                    end = stream.Read(buffer, 0, buffer.Length);
                    if (end == 0) return false;
                }
                var count = Math.Min(end - at, target.Length - done);
                Buffer.BlockCopy(buffer, at, target, done, count);
                at += count;
                done += count;
            }
            return true;
        }
    }
}
