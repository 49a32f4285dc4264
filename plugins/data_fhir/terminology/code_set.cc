#include "plugins/data_fhir/terminology/code_set.h"

#include <utility>

namespace strata::fhir::terminology {

void CodeSet::Add(std::string_view system, std::string_view code) {
  if (const auto whole = systems_.find(system); whole != systems_.end()) {
    size_ -= whole->second.erase(std::string(code));
    return;
  }
  if (codes_[std::string(system)].emplace(code).second) ++size_;
}

void CodeSet::AddSystem(std::string_view system) {
  systems_[std::string(system)].clear();
  codes_.erase(std::string(system));
  CountAgain();
}

void CodeSet::Unite(const CodeSet& other) {
  for (const auto& [system, except] : other.systems_) {
    Codes missing;
    for (const std::string& code : except) {
      if (!Contains(system, code)) missing.insert(code);
    }
    codes_.erase(system);
    systems_[system] = std::move(missing);
  }
  CountAgain();
  for (const auto& [system, codes] : other.codes_) {
    for (const std::string& code : codes) Add(system, code);
  }
}

void CodeSet::Intersect(const CodeSet& other) {
  CodeSet both;
  for (const auto& [system, codes] : codes_) {
    for (const std::string& code : codes) {
      if (other.Contains(system, code)) both.Add(system, code);
    }
  }
  for (const auto& [system, except] : systems_) {
    if (const auto whole = other.systems_.find(system); whole != other.systems_.end()) {
      Codes missing = except;
      missing.insert(whole->second.begin(), whole->second.end());
      both.systems_[system] = std::move(missing);
    } else if (const auto some = other.codes_.find(system); some != other.codes_.end()) {
      for (const std::string& code : some->second) {
        if (!except.contains(code)) both.Add(system, code);
      }
    }
  }
  *this = std::move(both);
  CountAgain();
}

void CodeSet::Subtract(const CodeSet& other) {
  CodeSet left;
  for (const auto& [system, codes] : codes_) {
    for (const std::string& code : codes) {
      if (!other.Contains(system, code)) left.Add(system, code);
    }
  }
  for (const auto& [system, except] : systems_) {
    if (const auto whole = other.systems_.find(system); whole != other.systems_.end()) {
      // What the other one leaves out stays.
      for (const std::string& code : whole->second) {
        if (!except.contains(code)) left.Add(system, code);
      }
      continue;
    }
    Codes missing = except;
    if (const auto some = other.codes_.find(system); some != other.codes_.end()) {
      missing.insert(some->second.begin(), some->second.end());
    }
    left.systems_[system] = std::move(missing);
  }
  *this = std::move(left);
  CountAgain();
}

bool CodeSet::Contains(std::string_view system, std::string_view code) const {
  if (const auto whole = systems_.find(system); whole != systems_.end()) {
    return !whole->second.contains(code);
  }
  const auto some = codes_.find(system);
  return some != codes_.end() && some->second.contains(code);
}

void CodeSet::CountAgain() {
  size_ = 0;
  for (const auto& [system, codes] : codes_) size_ += codes.size();
  for (const auto& [system, except] : systems_) size_ += except.size();
}

}  // namespace strata::fhir::terminology
