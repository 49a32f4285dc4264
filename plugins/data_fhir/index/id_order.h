#pragma once

#include <string>
#include <string_view>

namespace strata::fhir::index {

// The index value that puts a resource's id in order: IdOrder(a) <= IdOrder(b) in bytes for ids
// a < b, and a resource's full id decides among equal ones. Ends itself, as all index values do
// (encode.h). Stored: never change. Thread-safe.
//
// Each character takes one or two groups of five bits, which are in the order of ASCII:
//   0 the end   1 '-'   2 '.'   3..12 digits   13 and 0..25 'A'..'Z'   14..19 'a'..'f'
//   20 and 0..19 'g'..'z'
// padded with zeros to whole bytes. An id that begins as a lower-case UUID does, xxxxxxxx-xxxx-, is
// cut before the second '-': 9 bytes instead of 23, and 48 bits tell UUIDs of any version apart (of
// version 7 those of one millisecond are equal).
//
// Cutting keeps the order: say a < b. If both or neither are cut, it is that of (the beginnings of)
// their texts. If only a is: what is left of it is at most a. If only b is cut to b', and a were
// greater than b', then a would begin with b' and go on with no '-', but every other character of
// an id comes behind '-', so that a would be greater than b.
std::string IdOrder(std::string_view id);

}  // namespace strata::fhir::index
