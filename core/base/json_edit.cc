#include "core/base/json_edit.h"

#include <algorithm>
#include <utility>

#include "core/base/json_writer.h"

namespace strata::json {
namespace {

// What happens to one object: its members with their new text, and the members to add.
class ObjectRewriter {
 public:
  explicit ObjectRewriter(Value object) : object_(object) {
    for (const Member& member : object.members()) {
      slots_.push_back({member, std::string(), /*changed=*/false, /*removed=*/false});
    }
  }

  void Set(std::string_view name, std::string raw) {
    if (Slot* slot = Find(name)) {
      slot->raw = std::move(raw);
      slot->changed = true;
      return;
    }
    added_.push_back({std::string(name), std::move(raw)});
  }

  void Remove(std::string_view name) {
    if (Slot* slot = Find(name)) slot->removed = true;
  }

  // Each kept member is copied with the whitespace before its name, so the layout stays.
  std::string Text(std::string_view document) const {
    std::string out = "{";
    std::size_t at = object_.begin_offset() + 1;
    bool first = true;
    for (const Slot& slot : slots_) {
      const std::string_view gap = document.substr(at, slot.member.key.begin_offset() - at);
      at = slot.member.value.end_offset();
      if (slot.removed) continue;
      AppendGap(gap, first, out);
      first = false;
      const std::size_t begin = slot.member.key.begin_offset();
      const std::size_t end = slot.changed ? slot.member.value.begin_offset() : at;
      out.append(document.substr(begin, end - begin)).append(slot.raw);
    }
    for (const auto& [name, raw] : added_) {
      AppendGap(FirstGap(document), first, out);
      first = false;
      AppendQuoted(name, &out);
      out.append(slots_.empty() ? ":" : Colon(document)).append(raw);
    }
    // An object that is not there yet has no bytes to end with.
    return out.append(object_ ? document.substr(at, object_.end_offset() - at) : "}");
  }

 private:
  struct Slot {
    Member member;
    std::string raw;
    bool changed;
    bool removed;
  };

  Slot* Find(std::string_view name) {
    const auto found = std::find_if(slots_.begin(), slots_.end(),
                                    [&](const Slot& slot) { return slot.member.name == name; });
    return found == slots_.end() ? nullptr : &*found;
  }

  // `gap` is what stood before the member: whitespace, with a comma unless it was the first.
  static void AppendGap(std::string_view gap, bool first, std::string& out) {
    const std::size_t comma = gap.find(',');
    if (comma == std::string_view::npos) {
      if (!first) out.push_back(',');
      out.append(gap);
    } else {
      out.append(first ? std::string_view() : gap.substr(0, comma + 1));
      out.append(gap.substr(comma + 1));
    }
  }

  std::string_view FirstGap(std::string_view document) const {
    if (slots_.empty()) return {};
    const std::size_t begin = object_.begin_offset() + 1;
    return document.substr(begin, slots_.front().member.key.begin_offset() - begin);
  }

  std::string_view Colon(std::string_view document) const {
    const Member& first = slots_.front().member;
    return document.substr(first.key.end_offset(),
                           first.value.begin_offset() - first.key.end_offset());
  }

  Value object_;
  std::vector<Slot> slots_;
  std::vector<std::pair<std::string, std::string>> added_;
};

}  // namespace

Editor::Changes& Editor::Changes::SetRaw(std::string_view name, std::string_view raw) {
  Remove(name);
  list_.back().raw = raw;
  return *this;
}

Editor::Changes& Editor::Changes::SetString(std::string_view name, std::string_view text) {
  return SetRaw(name, Quoted(text));
}

Editor::Changes& Editor::Changes::Remove(std::string_view name) {
  list_.erase(std::remove_if(list_.begin(), list_.end(),
                             [&](const Change& change) { return change.name == name; }),
              list_.end());
  list_.push_back({std::string(name), std::string()});
  return *this;
}

Result<std::string> Editor::Apply() const {
  if (!object_.is_object()) return InvalidArgument("JSON: only an object can be edited");
  const std::string_view document = object_.document_text();
  ObjectRewriter rewriter(object_);
  const auto apply = [](const Changes& changes, ObjectRewriter& target) {
    for (const auto& change : changes.list_) {
      if (change.raw.empty()) {
        target.Remove(change.name);
      } else {
        target.Set(change.name, change.raw);
      }
    }
  };
  for (const auto& [name, changes] : nested_) {
    const Value member = object_.Get(name);
    if (!member) {
      const bool sets = std::any_of(changes.list_.begin(), changes.list_.end(),
                                    [](const auto& change) { return !change.raw.empty(); });
      if (!sets) continue;
    } else if (!member.is_object()) {
      return InvalidArgument("JSON: the member to edit is not an object");
    }
    ObjectRewriter nested(member);
    apply(changes, nested);
    rewriter.Set(name, nested.Text(document));
  }
  apply(top_, rewriter);
  return rewriter.Text(document);
}

void Minify(std::string_view text, std::string* out) {
  out->reserve(out->size() + text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = at;
    if (text[at] == '"') {
      ++at;
      while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? std::size_t{2} : 1;
      at = std::min(at + 1, text.size());
    } else {
      while (at < text.size() && text[at] != '"' && static_cast<unsigned char>(text[at]) > ' ')
        ++at;
    }
    out->append(text.substr(begin, at - begin));
    while (at < text.size() && static_cast<unsigned char>(text[at]) <= ' ') ++at;
  }
}

std::string Minify(std::string_view text) {
  std::string out;
  Minify(text, &out);
  return out;
}

}  // namespace strata::json
