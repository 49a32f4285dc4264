#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace YAML {
class Node;
}

namespace strata::host {

// Reads one YAML file by handlers for its names and collects every fault with its place
// (FILE:LINE), so that somebody who writes one sees all that is wrong at once. Single-threaded.
class YamlReader {
 public:
  explicit YamlReader(std::string file) : file_(std::move(file)) {}

 protected:
  using Handler = std::function<void(const YAML::Node&)>;
  // What may stand in one mapping, by name.
  using Handlers = std::map<std::string, Handler, std::less<>>;

  std::string PlaceOf(int line) const { return file_ + ":" + std::to_string(line); }
  std::string PlaceOf(const YAML::Node& node) const;

  void Fault(const std::string& place, const std::string& message);
  void Fault(int line, const std::string& message) { Fault(PlaceOf(line), message); }
  void Fault(const YAML::Node& node, const std::string& message);
  // INVALID_ARGUMENT with the faults so far, one a line.
  Status status() const;

  // Calls `entry` for each name of a mapping; a name that was there before is a fault.
  void ForEach(
      const YAML::Node& node, const std::string& what,
      const std::function<void(const std::string&, const YAML::Node&, const YAML::Node&)>& entry);
  // The same by the name's handler; a name without one is a fault.
  void ReadMapping(const YAML::Node& node, const std::string& what, const Handlers& handlers);

  // Handlers that store the value of their node, or find fault with it.
  Handler Text(std::string* to);
  Handler Texts(std::vector<std::string>* to);
  Handler Flag(bool* to);
  Handler Count(std::size_t least, std::size_t most, std::size_t* to);
  Handler Duration(std::chrono::milliseconds* to);

  // Not negative, and with that unit behind it; nothing: it is no such number.
  static std::optional<double> Number(const YAML::Node& node, std::string_view unit);

 private:
  const std::string file_;
  std::string faults_;
};

}  // namespace strata::host
