// Reads MessagePack: the types that questions have.
using System;
using System.Text;

namespace Apim.Engine
{
    internal sealed class PackReader
    {
        private readonly byte[] bytes;
        private int at;

        internal PackReader(byte[] bytes) { this.bytes = bytes; }

        /// <returns>How many pairs follow.</returns>
        internal int Map()
        {
            int tag = bytes[at++];
            if (tag >> 4 == 0x8) return tag & 0xf;
            return (int)Sized(tag, 0xde, 2);
        }

        /// <returns>How many items follow.</returns>
        internal int List()
        {
            int tag = bytes[at++];
            if (tag >> 4 == 0x9) return tag & 0xf;
            return (int)Sized(tag, 0xdc, 2);
        }

        internal string Text() { return (string)Value(); }

        /// <returns>A string, long, bool or null.</returns>
        internal object Value()
        {
            int tag = bytes[at++];
            if (tag < 0x80) return (long)tag;
            if (tag >= 0xe0) return (long)(sbyte)tag;
            if (tag >> 5 == 0x5) return Text(tag & 0x1f);
            if (tag == 0xc0) return null;
            if (tag == 0xc2 || tag == 0xc3) return tag == 0xc3;
            if (tag >= 0xd9 && tag <= 0xdb) return Text((int)Sized(tag, 0xd9, 1));
            if (tag >= 0xcc && tag <= 0xcf) return Sized(tag, 0xcc, 1);
            throw new FormatException("MessagePack type " + tag + " in a question");
        }

        private string Text(int length)
        {
            at += length;
            return Encoding.UTF8.GetString(bytes, at - length, length);
        }

        /// <summary>The big-endian number after a tag: `first` has `width` bytes, each tag above it twice as many.</summary>
        private long Sized(int tag, int first, int width)
        {
            if (tag < first) throw new FormatException("MessagePack type " + tag + " in a question");
            long number = 0;
            for (var left = width << (tag - first); left > 0; left--) number = (number << 8) | bytes[at++];
            return number;
        }
    }
}
