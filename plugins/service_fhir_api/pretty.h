#pragma once

#include <string>
#include <string_view>

namespace strata::fhir_api {

// Indents JSON as it streams by. Works on the text, so every lexeme stays; the input is taken for
// valid JSON and may be cut anywhere. Single-threaded.
class PrettyPrinter final {
 public:
  void Write(std::string_view json, std::string* out);

 private:
  void Put(char c, std::string* out);
  void NewLine(std::string* out);

  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool after_comma_ = false;
  bool opened_ = false;  // a bracket was opened and nothing has followed yet
};

}  // namespace strata::fhir_api
