#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace strata::fhir::terminology {

// A set of codes: some one by one, and all codes of some systems but a few. Thread-compatible.
class CodeSet {
 public:
  using Codes = std::set<std::string, std::less<>>;

  void Add(std::string_view system, std::string_view code);
  // Every code that the system has.
  void AddSystem(std::string_view system);

  void Unite(const CodeSet& other);
  void Intersect(const CodeSet& other);
  void Subtract(const CodeSet& other);

  bool Contains(std::string_view system, std::string_view code) const;
  bool empty() const { return codes_.empty() && systems_.empty(); }
  // How many codes it holds one by one, exceptions included.
  std::size_t size() const { return size_; }

  // By system; those of a system in systems() are left out here.
  const std::map<std::string, Codes, std::less<>>& codes() const { return codes_; }
  // Systems as a whole, with the codes that are not in the set.
  const std::map<std::string, Codes, std::less<>>& systems() const { return systems_; }

 private:
  void CountAgain();

  std::map<std::string, Codes, std::less<>> codes_;
  std::map<std::string, Codes, std::less<>> systems_;
  std::size_t size_ = 0;
};

}  // namespace strata::fhir::terminology
