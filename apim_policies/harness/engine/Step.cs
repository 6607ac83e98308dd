// The plan: policy elements with their literals and compiled expressions, as the Python side wrote it.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Newtonsoft.Json.Linq;

namespace Apim.Engine
{
    /// <summary>A literal, or a compiled expression with its position.</summary>
    internal sealed class Value
    {
        private readonly string literal;
        private readonly Func<IContext, object> expression;
        private readonly string position;

        internal Value(JToken plan, Type compiled)
        {
            if (plan.Type == JTokenType.String) { literal = (string)plan; return; }
            position = (string)plan["position"];
            expression = Bind(compiled.GetMethod("E" + (int)plan["expression"]));
        }

        internal object Evaluate(Call call)
        {
            if (expression == null) return literal;
            call.Position = position;
            return expression(call);
        }

        private static Func<IContext, object> Bind(MethodInfo method)
        {
            if (method.ReturnType != typeof(bool))
                return (Func<IContext, object>)Delegate.CreateDelegate(typeof(Func<IContext, object>), method);
            var condition = (Func<IContext, bool>)Delegate.CreateDelegate(typeof(Func<IContext, bool>), method);
            return context => condition(context);
        }
    }

    internal sealed class Step
    {
        internal readonly string Name;
        internal readonly string Position;
        internal readonly Value Text;
        internal readonly Step[] Children;

        /// <summary>What the policy does; null for a part of a policy, such as `when` or `metadata`.</summary>
        internal readonly Action<Step, Call> Run;

        // A policy has so few attributes that comparing their names beats hashing one.
        private readonly KeyValuePair<string, Value>[] attributes;

        internal Step(JToken plan, Type compiled, IReadOnlyDictionary<string, Action<Step, Call>> policies)
        {
            Name = (string)plan["name"];
            Position = (string)plan["position"];
            policies.TryGetValue(Name, out Run);
            attributes = ((JObject)plan["attributes"]).Properties().Select(
                attribute => new KeyValuePair<string, Value>(attribute.Name, new Value(attribute.Value, compiled))).ToArray();
            if (plan["text"] != null) Text = new Value(plan["text"], compiled);
            Children = plan["children"].Select(child => new Step(child, compiled, policies)).ToArray();
        }

        internal bool Has(string attribute) { return Find(attribute) != null; }

        internal object Evaluate(string attribute, Call call) { return Find(attribute).Evaluate(call); }

        /// <returns>The attribute as text, or absent if the policy does not give it.</returns>
        internal string Read(string attribute, Call call, string absent = null)
        {
            var value = Find(attribute);
            return value == null ? absent : System.Convert.ToString(value.Evaluate(call));
        }

        private Value Find(string attribute)
        {
            foreach (var each in attributes)
                if (each.Key == attribute) return each.Value;
            return null;
        }

        internal IEnumerable<Step> Named(string name) { return Children.Where(child => child.Name == name); }
    }
}
