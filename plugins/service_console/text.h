#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/html.h"
#include "strata/core/v1/core.pb.h"

// Numbers, times and the contract's names in words for a person. Pure functions.
namespace strata::console {

using web::Html;
using web::Markup;
using web::operator""_html;

// "12,345".
std::string Count(std::uint64_t number);
// "0.35 ms", "12 ms", "1.2 s"; "none yet" for 0.
std::string Latency(double us);
// "1.2 kB", "35 MB" (powers of ten).
std::string Bytes(std::uint64_t bytes);
// "0.4 s", "12 s", "2 min 5 s", "3 h 10 min".
std::string Duration(double seconds);
// "0.4 per second", "1,200 per second".
std::string Rate(double per_second);
// "12.5 %".
std::string Percent(double percent);
// The first 12 digits of a digest.
std::string ShortDigest(std::string_view digest);

// "22 Nov 2026, 03:50:56 UTC" as <time>; "not yet" for 0.
Html Time(std::int64_t us);

std::string_view LayerName(std::string_view layer);          // "Digital services"
std::string_view IsolationName(std::string_view isolation);  // "in the core's process"
std::string_view ActionName(core::v1::SlotChange::Action action);
std::string_view ModeName(core::v1::SwapMode mode);
// What a mode does, in a sentence.
std::string_view ModeMeaning(core::v1::SwapMode mode);
std::string_view KindName(core::v1::Change::Kind kind);
std::string_view StateName(core::v1::Change::State state);
std::string_view StateName(core::v1::Trial::State state);
// "strata.hosting.memory 0.1.0".
std::string OccupantName(const core::v1::Occupant& occupant);

}  // namespace strata::console
