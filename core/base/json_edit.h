#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"

namespace strata::json {

// Changes members of an object, or of an object that is its member (`meta`), by splicing bytes:
// every byte outside the named members stays as it is. Collects changes, then Apply makes the new
// text. The last change of a member wins. Single-threaded; the Document outlives the editor.
//
//   Editor editor(document.root());
//   editor.SetString("id", id);
//   editor.In("meta").SetString("versionId", "2").Remove("lastUpdated");
//   STRATA_ASSIGN_OR_RETURN(std::string text, editor.Apply());
class Editor {
 public:
  // Changes of one object. A new member goes behind the last one, in the order of the calls.
  class Changes {
   public:
    // Sets the member to `raw`, which must be the text of one JSON value (not checked).
    Changes& SetRaw(std::string_view name, std::string_view raw);
    Changes& SetString(std::string_view name, std::string_view text);
    // Removing what is not there is no change.
    Changes& Remove(std::string_view name);

   private:
    friend class Editor;
    struct Change {
      std::string name;
      std::string raw;  // Empty: remove.
    };
    std::vector<Change> list_;
  };

  explicit Editor(Value object) : object_(object) {}

  Changes& SetRaw(std::string_view name, std::string_view raw) { return top_.SetRaw(name, raw); }
  Changes& SetString(std::string_view name, std::string_view text) {
    return top_.SetString(name, text);
  }
  Changes& Remove(std::string_view name) { return top_.Remove(name); }
  // Changes of the object under that member, which is created when it is missing and something is
  // set in it. They are ignored when the member itself is set or removed.
  Changes& In(std::string_view name) { return nested_[std::string(name)]; }

  // The object's text with the changes made. INVALID_ARGUMENT: the value, or the member given to
  // In(), is not an object.
  Result<std::string> Apply() const;

 private:
  Value object_;
  Changes top_;
  std::map<std::string, Changes, std::less<>> nested_;
};

// The text without the whitespace between tokens; strings and numbers stay byte for byte. The text
// must be valid JSON.
std::string Minify(std::string_view text);
void Minify(std::string_view text, std::string* out);  // Appends.

}  // namespace strata::json
