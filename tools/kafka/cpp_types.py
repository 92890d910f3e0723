"""How a field of a description is written as a C++ member."""

CPP_TYPES = {
    "bool": "bool", "int8": "std::int8_t", "int16": "std::int16_t", "uint16": "std::uint16_t",
    "int32": "std::int32_t", "uint32": "std::uint32_t", "int64": "std::int64_t", "float64": "double",
    "uuid": "Uuid", "string": "Text", "bytes": "bytes::ByteView", "records": "Records", "error": "ErrorCode",
}
# A plain number would have the wrong type in a conditional expression.
NARROW = {"int8", "int16", "uint16", "uint32"}


def cpp_type(item):
    name = CPP_TYPES.get(item.type, item.type)
    if item.is_array:
        name = f"std::vector<{name}>"
    return f"std::optional<{name}>" if item.can_be_null else name


def initializer(item):
    """What stands after the member's name: its default value."""
    if item.default == "null":
        return ""
    if item.can_be_null:
        return f" = {cpp_type(item)[len('std::optional<'):-1]}{{}}"
    if item.is_array or item.is_struct or item.type in ("bytes", "records", "uuid"):
        return ""
    if item.type == "string":
        return f' = "{item.default}"' if item.default else ""
    if item.type == "error":
        return " = ErrorCode::none"
    return f" = {item.default or ('false' if item.type == 'bool' else '0')}" if item.type in NARROW else (
        f" = {cpp_number(item)}")


def cpp_number(item):
    default = item.default or ("false" if item.type == "bool" else "0")
    if item.type == "int32" and default == str(-2**31):
        return "std::numeric_limits<std::int32_t>::min()"
    if item.type == "int64" and abs(int(default)) >= 2**31:
        return "std::numeric_limits<std::int64_t>::max()" if default == str(2**63 - 1) else f"{default}LL"
    if item.type in NARROW:
        return f"{CPP_TYPES[item.type]}{{{default}}}"
    return default
