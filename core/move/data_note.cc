#include "core/move/data_note.h"

#include <fstream>
#include <sstream>

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/host/durable_file.h"

namespace strata::move {

Result<DataNote> ReadNote(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return DataNote();
  std::stringstream text;
  text << in.rdbuf();
  const auto document = json::Document::Parse(text.str());
  if (!document.ok()) return InvalidArgument("the note of a copy cannot be read: " + file);
  const json::Value root = document->root();
  DataNote note;
  note.source_id = root["source_id"].string();
  note.target_id = root["target_id"].string();
  note.copied = root["copied"].bool_value();
  note.position = root["position"].string();
  note.cursor = root["cursor"].string();
  note.resources = static_cast<std::uint64_t>(root["resources"].int_value().value_or(0));
  note.bytes = static_cast<std::uint64_t>(root["bytes"].int_value().value_or(0));
  note.back_cursor = root["back_cursor"].string();
  return note;
}

Status WriteNote(const std::string& file, const DataNote& note) {
  std::string text;
  json::Writer out(&text);
  out.BeginObject();
  out.Field("source_id", note.source_id);
  out.Field("target_id", note.target_id);
  out.Key("copied").Bool(note.copied);
  out.Field("position", note.position);
  out.Field("cursor", note.cursor);
  out.Key("resources").Int(static_cast<std::int64_t>(note.resources));
  out.Key("bytes").Int(static_cast<std::int64_t>(note.bytes));
  out.Field("back_cursor", note.back_cursor);
  out.EndObject();
  return host::ReplaceDurably(file, text + "\n");
}

}  // namespace strata::move
