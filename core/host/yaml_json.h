#pragma once

#include <map>
#include <string>
#include <string_view>

namespace YAML {
class Node;
}

namespace strata::host {

// A YAML node as JSON text, by the core schema of YAML 1.2: plain scalars that look like a number,
// true, false or null are those, all others are texts. Lines (from 1) of all values by their path
// ("pool.size", "hosts[0]") are added to `lines`, below `path`. What cannot be said in JSON (a key
// that is no text, a name twice, more than 32 levels) is put into `error` with its line.
struct YamlError {
  int line = 0;
  std::string message;
};
std::string YamlToJson(const YAML::Node& node, const std::string& path,
                       std::map<std::string, int, std::less<>>* lines, YamlError* error);

// Whether `text` is a number as JSON writes it (RFC 8259 section 6).
bool IsJsonNumber(std::string_view text);

}  // namespace strata::host
