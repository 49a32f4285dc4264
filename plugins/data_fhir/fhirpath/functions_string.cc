// Strings (FHIRPath #string-manipulation). Positions count characters, not bytes.

#include <re2/re2.h>

#include <algorithm>

#include "core/base/form.h"
#include "core/base/json_writer.h"
#include "plugins/data_fhir/fhirpath/functions.h"
#include "plugins/data_fhir/fhirpath/text.h"

namespace strata::fhirpath {
namespace {

// Going through a text once.
bool SpendOn(const Call& call, std::string_view text) {
  constexpr std::size_t kBytesPerStep = 256;
  return call.machine.Spend(call.node, text.size() / kBytesPerStep);
}

// The input and one text argument; `run` is called when neither is empty.
template <typename Run>
bool WithText(const Call& call, Run run) {
  std::optional<std::string_view> input;
  std::optional<std::string_view> argument;
  if (!call.InputText(input) || !call.Text(0, argument)) return false;
  return !input || !argument || (SpendOn(call, *input) && run(*input, *argument));
}

template <typename Run>
bool WithInput(const Call& call, Run run) {
  std::optional<std::string_view> input;
  if (!call.InputText(input)) return false;
  return !input || (SpendOn(call, *input) && run(*input));
}

bool PushPosition(const Call& call, std::string_view text, std::size_t byte) {
  if (byte == std::string_view::npos) return call.Push(Item(std::int64_t{-1}));
  return call.Push(Item(static_cast<std::int64_t>(CharacterCount(text.substr(0, byte)))));
}

bool IndexOf(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    return PushPosition(call, text, text.find(part));
  });
}

bool LastIndexOf(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    return PushPosition(call, text, text.rfind(part));
  });
}

bool Substring(const Call& call) {
  std::optional<std::string_view> text;
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> length;
  if (!call.InputText(text) || !call.Integer(0, start)) return false;
  if (call.arg_count() > 1 && !call.Integer(1, length)) return false;
  if (!text || !start || *start < 0) return true;
  const std::size_t begin = ByteOffset(*text, static_cast<std::size_t>(*start));
  if (begin >= text->size()) return true;
  std::string_view rest = text->substr(begin);
  if (length)
    rest = rest.substr(
        0, ByteOffset(rest, static_cast<std::size_t>(std::max<std::int64_t>(0, *length))));
  return call.PushText(std::string(rest));
}

bool StartsWith(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    return call.Push(Item(text.starts_with(part)));
  });
}
bool EndsWith(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    return call.Push(Item(text.ends_with(part)));
  });
}
bool Contains(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    return call.Push(Item(text.find(part) != std::string_view::npos));
  });
}

bool Upper(const Call& call) {
  return WithInput(call, [&](std::string_view t) { return call.PushText(ChangeCase(t, true)); });
}
bool Lower(const Call& call) {
  return WithInput(call, [&](std::string_view t) { return call.PushText(ChangeCase(t, false)); });
}
bool TrimCall(const Call& call) {
  return WithInput(call, [&](std::string_view t) { return call.PushText(std::string(Trim(t))); });
}
bool Length(const Call& call) {
  return WithInput(call, [&](std::string_view text) {
    return call.Push(Item(static_cast<std::int64_t>(CharacterCount(text))));
  });
}

// An empty pattern stands between all characters.
std::string ReplaceAll(std::string_view text, std::string_view pattern, std::string_view by) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = pattern.empty() ? 0 : text.find(pattern);
    if (at == std::string_view::npos) break;
    out.append(text.substr(0, at)).append(by);
    text.remove_prefix(at + pattern.size());
    if (pattern.empty()) {
      const std::size_t size = ByteOffset(text, 1);
      out.append(text.substr(0, size));
      text.remove_prefix(size);
    }
  }
  return out.append(pattern.empty() ? by : text);
}

bool Replace(const Call& call) {
  std::optional<std::string_view> by;
  if (!call.Text(1, by)) return false;
  if (!by) return true;
  return WithText(call, [&](std::string_view text, std::string_view pattern) {
    if (by->size() * (text.size() + 1) > (std::size_t{1} << 24)) return call.Fail("too much text");
    return call.PushText(ReplaceAll(text, pattern, *by));
  });
}

// RE2 takes time linear in the text, whatever the pattern.
RE2::Options RegexOptions() {
  RE2::Options options;
  options.set_dot_nl(true);  // FHIRPath: single line mode.
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return options;
}

// Named groups as other dialects write them, (?<name>...), become RE2's (?P<name>...).
std::string Pattern(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (rest.front() == '\\' && rest.size() > 1) {
      out.append(text.substr(i++, 2));
    } else if (rest.starts_with("(?<") && !rest.starts_with("(?<=") && !rest.starts_with("(?<!")) {
      out.append("(?P<");
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// RE2 may take each of the program's instructions for each byte.
bool SpendOnMatch(const Call& call, std::string_view text, const RE2& regex) {
  constexpr std::size_t kInstructionsPerStep = 16;
  const auto instructions = static_cast<std::size_t>(std::max(regex.ProgramSize(), 1));
  return call.machine.Spend(
      call.node, instructions + text.size() * (1 + instructions / kInstructionsPerStep) / 16);
}

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

bool Matches(const Call& call, bool full) {
  return WithText(call, [&](std::string_view text, std::string_view pattern) {
    const RE2 regex(Pattern(pattern), RegexOptions());
    if (!regex.ok()) return call.Fail("not a regular expression");
    if (!SpendOnMatch(call, text, regex)) return false;
    return call.Push(
        Item(full ? RE2::FullMatch(Piece(text), regex) : RE2::PartialMatch(Piece(text), regex)));
  });
}
bool MatchesPart(const Call& call) { return Matches(call, /*full=*/false); }
bool MatchesFull(const Call& call) { return Matches(call, /*full=*/true); }

// $1 and ${name} of FHIRPath as \1 of RE2.
std::string Substitution(std::string_view text, const RE2& regex) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool group = text[i] == '$' && i + 1 < text.size();
    if (group && text[i + 1] >= '0' && text[i + 1] <= '9') {
      out.append("\\").append(text.substr(++i, 1));
    } else if (group && text[i + 1] == '{' && text.find('}', i) != std::string_view::npos) {
      const std::size_t end = text.find('}', i);
      const auto& names = regex.NamedCapturingGroups();
      const auto found = names.find(std::string(text.substr(i + 2, end - i - 2)));
      if (found != names.end()) out.append("\\").append(std::to_string(found->second));
      i = end;
    } else if (text[i] == '\\') {
      out.append("\\\\");
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool ReplaceMatches(const Call& call) {
  std::optional<std::string_view> by;
  if (!call.Text(1, by)) return false;
  if (!by) return true;
  return WithText(call, [&](std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return call.PushText(std::string(text));
    const RE2 regex(Pattern(pattern), RegexOptions());
    if (!regex.ok()) return call.Fail("not a regular expression");
    const std::string substitution = Substitution(*by, regex);
    std::string why;  // must be given: RE2 writes to it unasked
    if (substitution.size() * (text.size() + 1) > (std::size_t{1} << 24) ||
        !regex.CheckRewriteString(substitution, &why)) {
      return call.Fail("not a substitution for this regular expression");
    }
    if (!SpendOnMatch(call, text, regex)) return false;
    std::string out(text);
    RE2::GlobalReplace(&out, regex, substitution);
    return call.PushText(std::move(out));
  });
}

bool ToChars(const Call& call) {
  return WithInput(call, [&](std::string_view text) {
    while (!text.empty()) {
      const std::size_t size = ByteOffset(text, 1);
      if (!call.PushText(std::string(text.substr(0, size)))) return false;
      text.remove_prefix(size);
    }
    return true;
  });
}

bool Split(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view separator) {
    while (true) {
      const std::size_t at = separator.empty() ? std::string_view::npos : text.find(separator);
      if (!call.PushText(std::string(text.substr(0, at)))) return false;
      if (at == std::string_view::npos) return true;
      text.remove_prefix(at + separator.size());
    }
  });
}

bool Join(const Call& call) {
  std::optional<std::string_view> separator;
  if (call.arg_count() > 0 && !call.Text(0, separator)) return false;
  std::string out;
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    const Item item = ToSystem(call.input[i]);
    const auto* text = item.As<std::string_view>();
    if (text == nullptr) return call.Fail("called on an item that is no string");
    if (i > 0) out.append(separator.value_or(""));
    out.append(*text);
  }
  return call.input.empty() || call.PushText(std::move(out));
}

bool EncodeCall(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view name) {
    const auto encoding = EncodingNamed(name);
    return !encoding || call.PushText(Encode(text, *encoding));
  });
}
bool DecodeCall(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view name) {
    const auto encoding = EncodingNamed(name);
    auto bytes = encoding ? Decode(text, *encoding) : std::nullopt;
    // Bytes that are no text have no value here.
    return !bytes || !web::IsUtf8(*bytes) || call.PushText(*std::move(bytes));
  });
}

bool Escape(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view target) {
    if (target == "html") return call.PushText(EscapeHtml(text));
    if (target != "json") return true;
    const std::string quoted = json::Quoted(text);
    return call.PushText(quoted.substr(1, quoted.size() - 2));
  });
}
bool Unescape(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view target) {
    if (target == "html") return call.PushText(UnescapeHtml(text));
    auto plain = target == "json" ? UnescapeJson(text) : std::nullopt;
    return !plain || call.PushText(*std::move(plain));
  });
}

constexpr Function kFunctions[] = {
    {"indexOf", 1, 1, IndexOf},
    {"lastIndexOf", 1, 1, LastIndexOf},
    {"substring", 1, 2, Substring},
    {"startsWith", 1, 1, StartsWith},
    {"endsWith", 1, 1, EndsWith},
    {"contains", 1, 1, Contains},
    {"upper", 0, 0, Upper},
    {"lower", 0, 0, Lower},
    {"trim", 0, 0, TrimCall},
    {"length", 0, 0, Length},
    {"replace", 2, 2, Replace},
    {"matches", 1, 1, MatchesPart},
    {"matchesFull", 1, 1, MatchesFull},
    {"replaceMatches", 2, 2, ReplaceMatches},
    {"toChars", 0, 0, ToChars},
    {"split", 1, 1, Split},
    {"join", 0, 1, Join},
    {"encode", 1, 1, EncodeCall},
    {"decode", 1, 1, DecodeCall},
    {"escape", 1, 1, Escape},
    {"unescape", 1, 1, Unescape},
};

}  // namespace

std::span<const Function> StringFunctions() { return kFunctions; }

}  // namespace strata::fhirpath
