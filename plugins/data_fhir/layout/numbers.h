#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The numbers that stand for resource types and search parameters in keys. The tables
// (type_numbers.inc, parameter_numbers.inc) are frozen: later definitions are appended.
// Thread-safe.
namespace strata::fhir::layout {

using TypeNumber = std::uint8_t;  // 0 is no type.

// 0 when no FHIR R4 resource type is called so.
TypeNumber TypeNumberOf(std::string_view name);
// Empty for a number that stands for nothing.
std::string_view TypeNameOf(TypeNumber number);
// Type numbers are 1..TypeCount().
std::size_t TypeCount();

// A search parameter's code ("identifier", "_lastUpdated"), the same for each type that has it (the
// type stands in front of it in keys). 0 is no parameter.
//
// The two high bits say what kind of rows the number names:
using ParameterNumber = std::uint16_t;
// Rows beside the parameter's own: whatever else its evaluation needs (identifiers of references,
// the words of a token's text). `code | kCompanion`.
inline constexpr ParameterNumber kCompanion = 0x4000;
// Parameters that a store defines for itself; numbers are given out by the store.
inline constexpr ParameterNumber kCustom = 0x8000;

// 0 when no official search parameter has that code.
ParameterNumber ParameterNumberOf(std::string_view code);
// Without its high bits; empty for a number that stands for nothing or for a custom parameter.
std::string_view ParameterCodeOf(ParameterNumber number);
// Official numbers are 1..ParameterCount().
std::size_t ParameterCount();

}  // namespace strata::fhir::layout
