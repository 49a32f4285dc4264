#include "plugins/data_fhir/index/position_value.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::index {
namespace {

constexpr double kEarthMetres = 6'371'008.8;  // mean radius
constexpr double kPi = 3.14159265358979323846;
constexpr int kBits = 32;  // of each coordinate
// Squares on each side of a box that covers the places looked for.
constexpr std::uint64_t kMaxCells = 4;

double Radians(double degrees) { return degrees * kPi / 180; }

// A coordinate as a fraction of its range.
std::uint64_t Fraction(double value, double range) {
  const double scaled = (value + range / 2) / range * std::pow(2.0, kBits);
  return static_cast<std::uint64_t>(std::clamp(scaled, 0.0, std::pow(2.0, kBits) - 1));
}

double Coordinate(std::uint64_t fraction, double range) {
  return (static_cast<double>(fraction) + 0.5) / std::pow(2.0, kBits) * range - range / 2;
}

// The bits of x and y in turn, x first.
std::uint64_t Interleave(std::uint64_t x, std::uint64_t y) {
  std::uint64_t out = 0;
  for (int bit = kBits - 1; bit >= 0; --bit) {
    out = out << 2 | ((x >> bit) & 1) << 1 | ((y >> bit) & 1);
  }
  return out;
}

// Intervals of longitude; two when they go across 180 degrees.
struct Interval {
  double low = 0;
  double high = 0;
};
std::vector<Interval> Longitudes(const Place& centre, double angle, double low, double high) {
  // How far east and west the circle reaches; all around near a pole.
  const double cosine = std::cos(Radians(centre.latitude));
  const bool all = low <= -90 || high >= 90 || std::sin(angle) >= cosine;
  const double reach = all ? 180 : std::asin(std::sin(angle) / cosine) * 180 / kPi;
  if (reach >= 180) return {{-180, 180}};
  const double west = centre.longitude - reach;
  const double east = centre.longitude + reach;
  if (west < -180) return {{-180, east}, {west + 360, 180}};
  if (east > 180) return {{-180, east - 360}, {west, 180}};
  return {{west, east}};
}

void AddCells(const Interval& longitude, const Interval& latitude,
              std::set<std::pair<std::uint64_t, std::uint64_t>>* cells) {
  const std::uint64_t x0 = Fraction(longitude.low, 360);
  const std::uint64_t x1 = Fraction(longitude.high, 360);
  const std::uint64_t y0 = Fraction(latitude.low, 180);
  const std::uint64_t y1 = Fraction(latitude.high, 180);
  int level = kBits;
  const auto too_many = [&] {
    const int shift = kBits - level;
    return (x1 >> shift) - (x0 >> shift) >= kMaxCells || (y1 >> shift) - (y0 >> shift) >= kMaxCells;
  };
  while (level > 0 && too_many()) --level;
  const int shift = kBits - level;
  for (std::uint64_t x = x0 >> shift; x <= x1 >> shift; ++x) {
    for (std::uint64_t y = y0 >> shift; y <= y1 >> shift; ++y) {
      const std::uint64_t begin = Interleave(x << shift, y << shift);
      const std::uint64_t last =
          begin + (level == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << (2 * shift)) - 1);
      cells->emplace(begin, last);
    }
  }
}

std::string Bytes(std::uint64_t value) {
  std::string out;
  layout::AppendBigEndian(value, sizeof(value), &out);
  return out;
}

}  // namespace

void AppendPlace(const Place& place, std::string* out) {
  layout::AppendBigEndian(Interleave(Fraction(place.longitude, 360), Fraction(place.latitude, 180)),
                          8, out);
}

std::optional<Place> TakePlace(std::string_view* bytes) {
  if (bytes->size() < sizeof(std::uint64_t)) return std::nullopt;
  const std::uint64_t both = layout::ReadBigEndian(*bytes, sizeof(std::uint64_t));
  bytes->remove_prefix(sizeof(std::uint64_t));
  std::uint64_t x = 0;
  std::uint64_t y = 0;
  for (int bit = kBits - 1; bit >= 0; --bit) {
    x = x << 1 | ((both >> (2 * bit + 1)) & 1);
    y = y << 1 | ((both >> (2 * bit)) & 1);
  }
  return Place{Coordinate(y, 180), Coordinate(x, 360)};
}

double DistanceOf(const Place& a, const Place& b) {
  const double latitude = std::sin(Radians(b.latitude - a.latitude) / 2);
  const double longitude = std::sin(Radians(b.longitude - a.longitude) / 2);
  const double h = latitude * latitude + std::cos(Radians(a.latitude)) *
                                             std::cos(Radians(b.latitude)) * longitude * longitude;
  return 2 * kEarthMetres * std::asin(std::min(1.0, std::sqrt(h)));
}

std::vector<PlaceSpan> SpansAround(const Place& centre, double metres) {
  // A little more than asked for, so that rounding leaves nothing out.
  const double angle = std::min(kPi, metres * 1.001 / kEarthMetres + 1e-8);
  const Interval latitude = {centre.latitude - angle * 180 / kPi,
                             centre.latitude + angle * 180 / kPi};
  std::set<std::pair<std::uint64_t, std::uint64_t>> cells;
  const auto longitudes = angle >= kPi / 2 ? std::vector<Interval>{{-180, 180}}
                                           : Longitudes(centre, angle, latitude.low, latitude.high);
  for (const Interval& longitude : longitudes) AddCells(longitude, latitude, &cells);
  std::vector<PlaceSpan> spans;
  std::uint64_t last = 0;
  for (const auto& [begin, end] : cells) {
    const std::string behind = end == ~std::uint64_t{0} ? std::string() : Bytes(end + 1);
    if (spans.empty() || (last != ~std::uint64_t{0} && begin > last + 1)) {
      spans.push_back({Bytes(begin), behind});
    } else if (end > last) {
      spans.back().end = behind;
    } else {
      continue;  // within the cell before
    }
    last = end;
  }
  return spans;
}

}  // namespace strata::fhir::index
