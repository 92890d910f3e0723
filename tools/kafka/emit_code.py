"""The C++ statements that read and write one structure's fields."""

from cpp_types import cpp_number, cpp_type
from schema import Versions

# Decoder and Encoder members for a primitive; those with a nullable form have it as nullable_NAME.
METHODS = {
    "bool": "boolean", "int8": "i8", "int16": "i16", "uint16": "u16", "int32": "i32", "uint32": "u32",
    "int64": "i64", "float64": "f64", "uuid": "uuid", "string": "text", "bytes": "blob", "records": "records",
    "error": "error",
}


def condition(accessor, wanted, possible):
    """A C++ condition that is true in the wanted versions, given that the version is a possible one; "" if always."""
    parts = []
    if wanted.low > possible.low:
        parts.append(f"{accessor}.version() >= {wanted.low}")
    if wanted.high < possible.high:
        parts.append(f"{accessor}.version() <= {wanted.high}")
    return " && ".join(parts)


def absent_value(item):
    """The expression a field takes when its version has no such field."""
    if item.can_be_null:
        return "std::nullopt" if item.default == "null" else f"{cpp_type(item)[len('std::optional<'):-1]}{{}}"
    if item.is_struct or item.type in ("bytes", "records", "uuid", "string"):
        return f'"{item.default}"' if item.default else f"{cpp_type(item)}{{}}"
    if item.type == "error":
        return "ErrorCode::none"
    return cpp_number(item)


class DecodeEmitter:
    def __init__(self, message, struct, qualified):
        self.message, self.struct, self.qualified = message, struct, qualified

    def lines(self):
        out = [f"void {self.qualified}::decode_fields(Decoder& in) {{"]
        for item in self.struct.fields:
            if item.tag is None:
                out += self.plain_field(item)
        out += self.tagged_section()
        return out + ["}"]

    def plain_field(self, item):
        present = condition("in", item.versions, self.struct.versions)
        if item.is_array:
            return self.array_field(item, present)
        if item.is_struct:
            return self.structure_field(item, present)
        value = self.read_expression("in", item)
        if present:
            value = f"{present} ? {value} : {absent_value(item)}"
            if item.can_be_null:
                return self.conditional(item, present)
        return [f"  {item.name} = {value};"]

    def structure_field(self, item, present):
        if not item.can_be_null:
            raise ValueError(f"{item.name}: a structure that is neither array, tagged nor nullable is not supported")
        read = f"in.nullable_structure({item.name});"
        return [f"  if ({present}) {read}", f"  else {item.name}.reset();"] if present else [f"  {read}"]

    def conditional(self, item, present):
        return [f"  if ({present}) {item.name} = {self.read_expression('in', item)};",
                f"  else {item.name} = {absent_value(item)};"]

    def read_expression(self, accessor, item):
        method = METHODS[item.type]
        if not item.can_be_null:
            return f"{accessor}.{method}()"
        nullable = condition(accessor, item.nullable, item.versions)
        if not nullable:
            return f"{accessor}.nullable_{method}()"
        return f"({nullable} ? {accessor}.nullable_{method}() : {accessor}.{method}())"

    def array_field(self, item, present):
        read = self.array_statement("in", item)
        clear = f"{item.name}.clear();" if not item.can_be_null else f"{item.name} = {absent_value(item)};"
        if not present:
            return [f"  {read}"]
        return [f"  if ({present}) {read}", f"  else {clear}"]

    def array_statement(self, accessor, item):
        def call(prefix):
            if item.is_struct:
                return f"{accessor}.{prefix}structs({item.name})"
            return f"{accessor}.{prefix}array({item.name})"

        if not item.can_be_null:
            return call("") + ";"
        nullable = condition(accessor, item.nullable, item.versions)
        if not nullable:
            return call("nullable_") + ";"
        return f"({nullable}) ? {call('nullable_')} : {call('')};"

    def tagged_section(self):
        if self.message.flexible is None:
            return []
        tagged = sorted((i for i in self.struct.fields if i.tag is not None), key=lambda i: i.tag)
        if not tagged:
            return ["  in.skip_tagged_fields();"]
        out = []
        for item in tagged:
            clear = f"{item.name}.clear();" if item.is_array and not item.can_be_null else (
                f"{item.name} = {absent_value(item)};")
            out.append(f"  {clear}")
        out += ["  in.tagged_fields([this](std::uint32_t tag, Decoder& field) {", "    switch (tag) {"]
        for item in tagged:
            out.append(f"      case {item.tag}:")
            possible = Versions(max(self.message.flexible, self.struct.versions.low), self.struct.versions.high)
            present = condition("field", item.versions, possible)
            if present:
                out.append(f"        if (!({present})) return false;")
            if item.is_array:
                out.append(f"        {self.array_statement('field', item)}")
            elif item.is_struct and item.can_be_null:
                out.append(f"        field.nullable_structure({item.name});")
            elif item.is_struct:
                out.append(f"        {item.name}.decode_fields(field);")
            else:
                out.append(f"        {item.name} = {self.read_expression('field', item)};")
            out.append("        return true;")
        return out + ["      default:", "        return false;", "    }", "  });"]


class EncodeEmitter:
    def __init__(self, message, struct, qualified):
        self.message, self.struct, self.qualified = message, struct, qualified

    def lines(self):
        out = [f"void {self.qualified}::encode_fields([[maybe_unused]] Encoder& out) const {{"]
        for item in self.struct.fields:
            if item.tag is None:
                present = condition("out", item.versions, self.struct.versions)
                prefix = f"if ({present}) " if present else ""
                out.append(f"  {prefix}{self.write_statement('out', item)}")
        return out + self.tagged_section() + ["}"]

    def write_statement(self, accessor, item):
        def call(prefix):
            if item.is_array and item.is_struct:
                return f"{accessor}.{prefix}structs({item.name})"
            if item.is_array:
                return f"{accessor}.{prefix}array({item.name})"
            return f"{accessor}.{prefix}{METHODS[item.type]}({item.name})"

        if item.is_struct and not item.is_array and item.can_be_null:
            return f"{accessor}.nullable_structure({item.name});"
        if item.is_struct and not item.is_array:
            return f"{item.name}.encode_fields({accessor});"
        if not item.can_be_null:
            return call("") + ";"
        nullable = condition(accessor, item.nullable, item.versions)
        if not nullable:
            return call("nullable_") + ";"
        return f"({nullable}) ? {call('nullable_')} : {call('')};"

    def differs_from_default(self, item):
        if item.can_be_null:
            return f"{item.name}.has_value()" if item.default == "null" else (
                f"(!{item.name}.has_value() || !{item.name}->empty())")
        if item.is_array or item.type in ("bytes", "string"):
            return f"!{item.name}.empty()"
        if item.is_struct:
            return f"!({item.name} == {item.type}{{}})"
        return f"{item.name} != {absent_value(item)}"

    def tagged_section(self):
        if self.message.flexible is None:
            return []
        tagged = sorted((i for i in self.struct.fields if i.tag is not None), key=lambda i: i.tag)
        if not tagged:
            return ["  out.no_tagged_fields();"]
        out = ["  if (!out.flexible()) return;"]
        possible = Versions(max(self.message.flexible, self.struct.versions.low), self.struct.versions.high)
        for item in tagged:
            present = condition("out", item.versions, possible)
            wanted = self.differs_from_default(item)
            out.append(f"  const bool has_{item.name} = {present + ' && ' if present else ''}{wanted};")
        total = " + ".join(f"(has_{item.name} ? 1u : 0u)" for item in tagged)
        out.append(f"  out.uvarint({total});")
        for item in tagged:
            out.append(f"  if (has_{item.name}) {{")
            out.append(f"    out.tagged_field({item.tag}, [this](Encoder& field) "
                       f"{{ {self.write_statement('field', item)} }});")
            out.append("  }")
        return out
