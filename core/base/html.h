#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

// HTML that cannot forget to escape: markup comes from literals only, everything else is text.
namespace strata::web {

// Markup known when compiling. Only the literal "..."_html makes one.
class Markup {
 public:
  constexpr std::string_view text() const { return text_; }

 private:
  friend consteval Markup operator""_html(const char* text, std::size_t size);
  consteval explicit Markup(std::string_view text) : text_(text) {}
  std::string_view text_;
};

consteval Markup operator""_html(const char* text, std::size_t size) {
  return Markup(std::string_view(text, size));
}

// A piece of a page. `Add` takes markup as it is and escapes all else, for element content and for
// attribute values in double quotes alike. Single-threaded.
//
//   html.Add("<p title=\""_html, name, "\">"_html, 3, " results</p>"_html);
class Html {
 public:
  Html() = default;
  explicit Html(Markup markup) : out_(markup.text()) {}
  // A piece that is only text.
  static Html Text(std::string_view text);

  template <typename... Parts>
  Html& Add(const Parts&... parts) {
    (Put(parts), ...);
    return *this;
  }

  bool empty() const { return out_.empty(); }
  const std::string& str() const& { return out_; }
  std::string str() && { return std::move(out_); }

 private:
  void Put(Markup markup) { out_.append(markup.text()); }
  void Put(const Html& html) { out_.append(html.out_); }
  void Put(std::string_view text);
  void Put(const std::string& text) { Put(std::string_view{text}); }
  void Put(const char* text) { Put(std::string_view{text}); }
  template <std::integral T>
  void Put(T number) {
    out_.append(std::to_string(number));
  }

  std::string out_;
};

}  // namespace strata::web
