#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/layout/header.h"

namespace strata::fhir::store {

// Longest piece of a packed body that stands in its R or H row, so that 60 rows fit into a message;
// what is longer goes on in C rows of kChunkBytes. Stored: may change, rows say how many there are.
inline constexpr std::size_t kInlineBytes = std::size_t{48} << 10;
inline constexpr std::size_t kChunkBytes = std::size_t{512} << 10;

// Packs and unpacks resource texts: zstd with a dictionary of FHIR JSON (dictionaries/).
// Thread-safe.
class BodyCodec final {
 public:
  BodyCodec();
  ~BodyCodec();
  BodyCodec(const BodyCodec&) = delete;
  BodyCodec& operator=(const BodyCodec&) = delete;

  struct Packed {
    layout::Codec codec = layout::Codec::kPlain;
    std::string bytes;
  };
  // Texts that do not get smaller stay plain.
  Packed Pack(std::string_view text) const;

  // Appends the text of `text_bytes` bytes to `*out`. DATA_LOSS: the bytes do not unpack to exactly
  // that, or were packed with a dictionary that this release does not have.
  Status Unpack(layout::Codec codec, std::string_view packed, std::size_t text_bytes,
                std::string* out) const;

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace strata::fhir::store
