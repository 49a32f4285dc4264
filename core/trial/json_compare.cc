#include "core/trial/json_compare.h"

#include <algorithm>

namespace strata::trial {
namespace {

constexpr std::size_t kLongestName = 64;

std::string SafeName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '$' || c == ':';
  };
  if (name.empty() || name.size() > kLongestName || !std::all_of(name.begin(), name.end(), plain)) {
    return "?";
  }
  return std::string(name);
}

std::string Below(const std::string& path, std::string_view name) {
  return path.empty() ? SafeName(name) : path + "." + SafeName(name);
}

void CompareObjects(const json::Value& a, const json::Value& b, const std::string& path,
                    const DifferenceSink& different) {
  for (const json::Member& member : a.members()) {
    const json::Value other = b.Get(member.name);
    const std::string at = Below(path, member.name);
    if (!other) {
      different(at);
    } else {
      CompareJson(member.value, other, at, different);
    }
  }
  for (const json::Member& member : b.members()) {
    if (!a.Get(member.name)) different(Below(path, member.name));
  }
}

void CompareArrays(const json::Value& a, const json::Value& b, const std::string& path,
                   const DifferenceSink& different) {
  const std::string at = path + "[*]";
  auto left = a.elements().begin();
  auto right = b.elements().begin();
  const auto left_end = a.elements().end();
  const auto right_end = b.elements().end();
  for (; left != left_end && right != right_end; ++left, ++right) {
    CompareJson(*left, *right, at, different);
  }
  if (left != left_end || right != right_end) different(at);
}

}  // namespace

void CompareJson(const json::Value& a, const json::Value& b, const std::string& path,
                 const DifferenceSink& different) {
  if (a.type() != b.type()) return different(path);
  switch (a.type()) {
    case json::Type::kObject:
      return CompareObjects(a, b, path, different);
    case json::Type::kArray:
      return CompareArrays(a, b, path, different);
    case json::Type::kString:
      if (a.string() != b.string()) different(path);
      return;
    case json::Type::kNumber:
      if (a.lexeme() != b.lexeme()) different(path);
      return;
    default:
      return;
  }
}

}  // namespace strata::trial
