#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Places on the Earth as index values, for `near` (FHIR R4 location.html). Thread-safe.
namespace strata::fhir::index {

struct Place {
  double latitude = 0;   // -90 to 90
  double longitude = 0;  // -180 to 180, WGS84
};

// Stored form: 8 bytes, the bits of longitude and latitude in turn, each a fraction of its range
// (about a centimetre), so that places within a square share their beginning. Stored: never change.
void AppendPlace(const Place& place, std::string* out);
std::optional<Place> TakePlace(std::string_view* bytes);

// Metres along the surface of a sphere: within 0.6 % of the ellipsoid's.
double DistanceOf(const Place& a, const Place& b);

// Ranges [begin, end) of stored forms that hold every place within `metres`; an empty end is the
// last. In order, at most a few dozen.
struct PlaceSpan {
  std::string begin;
  std::string end;
};
std::vector<PlaceSpan> SpansAround(const Place& centre, double metres);

}  // namespace strata::fhir::index
