// Compares what compiled expressions use with the documented list of allowed .NET types and members.
// The gateway refuses others when a policy is saved or, worse, when it runs.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;

namespace Apim.Engine
{
    internal sealed class AllowedTypes
    {
        private const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic
                                              | BindingFlags.Static | BindingFlags.Instance;
        private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields()
            .Select(field => (OpCode)field.GetValue(null)).ToDictionary(code => code.Value);

        private readonly Dictionary<string, HashSet<string>> members = new Dictionary<string, HashSet<string>>();
        private readonly Assembly own;

        /// <param name="list">Lines "Full.Type.Name: Member, Member" or "Full.Type.Name: *".</param>
        private AllowedTypes(Assembly own, IEnumerable<string> list)
        {
            this.own = own;
            foreach (var parts in list.Where(line => line.Contains(":")).Select(line => line.Split(':')))
                members[parts[0].Trim()] = new HashSet<string>(parts[1].Split(',').Select(member => member.Trim()));
        }

        /// <summary>Prints "E12 System.IO.File.ReadAllText" per finding; E12 is the expression's method.</summary>
        internal static int Print(Assembly compiled, string[] list)
        {
            var allowed = new AllowedTypes(compiled, list);
            var findings = compiled.GetTypes().SelectMany(type => type.GetMethods(Declared)
                .Cast<MethodBase>().Concat(type.GetConstructors(Declared))).SelectMany(allowed.Findings).Distinct();
            foreach (var finding in findings.OrderBy(line => line)) Console.WriteLine(finding);
            return 0;
        }

        private IEnumerable<string> Findings(MethodBase method)
        {
            var body = method.GetMethodBody();
            if (body == null) yield break;
            var caught = body.ExceptionHandlingClauses
                .Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause).Select(clause => clause.CatchType);
            var used = body.LocalVariables.Select(local => local.LocalType).Concat(caught).SelectMany(Types)
                .Concat(Tokens(method, body.GetILAsByteArray()).SelectMany(Uses));
            foreach (var use in used)
                if (!Allows(use.Item1, use.Item2))
                    yield return Expression(method) + " " + use.Item1.FullName
                        + (use.Item2 == null ? "" : "." + use.Item2);
        }

        // A lambda is compiled to "<E12>m__0", a closure into a type "<E12>c__AnonStorey0".
        private static string Expression(MethodBase method)
        {
            return Regex.Match(method.DeclaringType.FullName + "." + method.Name, "E[0-9]+").Value;
        }

        /// <summary>The type itself and those between its angle brackets.</summary>
        private static IEnumerable<Tuple<Type, string>> Types(Type type)
        {
            while (type.HasElementType) type = type.GetElementType();
            return new[] { Tuple.Create(type, (string)null) }.Concat(type.GetGenericArguments().SelectMany(Types));
        }

        private static IEnumerable<Tuple<Type, string>> Uses(MemberInfo member)
        {
            var type = member as Type;
            if (type != null) return Types(type);
            var name = member.Name;
            if (member is MethodBase && ((MethodBase)member).IsSpecialName && name.IndexOf('_') > 0)
                name = name.Substring(name.IndexOf('_') + 1);
            var method = member as MethodInfo;
            // The compiler writes Array.Empty where `params` are left out.
            var between = method == null || (method.DeclaringType == typeof(Array) && method.Name == "Empty")
                ? Type.EmptyTypes : method.GetGenericArguments();
            return new[] { Tuple.Create(member.DeclaringType, name) }
                .Concat(Types(member.DeclaringType)).Concat(between.SelectMany(Types));
        }

        private bool Allows(Type type, string member)
        {
            if (type.HasElementType) return Allows(type.GetElementType(), null);
            if (type.IsGenericParameter || type.Assembly == own || type.Namespace == "Apim") return true;
            if (Plumbing(type)) return true;
            var name = (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName;
            HashSet<string> allowed;
            if (!members.TryGetValue(name, out allowed)) return false;
            return member == null || allowed.Contains("*") || allowed.Contains(member);
        }

        // What the compiler itself writes for lambdas, foreach and anonymous types; no source can misuse it.
        private static bool Plumbing(Type type)
        {
            return type == typeof(object) || type == typeof(void) || type == typeof(IDisposable)
                || type == typeof(System.Collections.IEnumerator) || typeof(Delegate).IsAssignableFrom(type)
                || type == typeof(System.Runtime.CompilerServices.RuntimeHelpers)
                || (type.IsNested && Plumbing(type.DeclaringType)) || type.Name.StartsWith("Enumerator");
        }

        /// <summary>The types, methods and fields that the IL names.</summary>
        private static IEnumerable<MemberInfo> Tokens(MethodBase method, byte[] il)
        {
            for (var at = 0; at < il.Length;)
            {
                short value = il[at++];
                if (value == 0xFE) value = (short)((0xFE << 8) | il[at++]);
                var code = OpCodesByValue[value];
                switch (code.OperandType)
                {
                    case OperandType.InlineField:
                    case OperandType.InlineMethod:
                    case OperandType.InlineTok:
                    case OperandType.InlineType:
                        yield return method.Module.ResolveMember(BitConverter.ToInt32(il, at),
                            method.DeclaringType.GetGenericArguments(),
                            method.IsGenericMethod ? method.GetGenericArguments() : null);
                        at += 4;
                        break;
                    case OperandType.InlineSwitch: at += 4 + 4 * BitConverter.ToInt32(il, at); break;
                    default: at += Size(code.OperandType); break;
                }
            }
        }

        private static int Size(OperandType operand)
        {
            switch (operand)
            {
                case OperandType.InlineNone: return 0;
                case OperandType.ShortInlineBrTarget:
                case OperandType.ShortInlineI:
                case OperandType.ShortInlineVar: return 1;
                case OperandType.InlineVar: return 2;
                case OperandType.InlineI8:
                case OperandType.InlineR: return 8;
                default: return 4;
            }
        }
    }
}
