#include "plugins/data_fhir/store/body_codec.h"

#define ZSTD_STATIC_LINKING_ONLY  // the format without magic number: 4 bytes less a resource
#include <zstd.h>

#include <array>
#include <atomic>
#include <utility>

// strata_embed
extern "C" const char strata_fhir_dictionary_1[];
extern "C" const char strata_fhir_dictionary_1_end[];

namespace strata::fhir::store {
namespace {

constexpr int kLevel = 3;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* p) const {
    kFree(p);
  }
};
using Compressor = std::unique_ptr<ZSTD_CCtx, Free<ZSTD_freeCCtx>>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, Free<ZSTD_freeDCtx>>;
using CompressDictionary = std::unique_ptr<ZSTD_CDict, Free<ZSTD_freeCDict>>;
using DecompressDictionary = std::unique_ptr<ZSTD_DDict, Free<ZSTD_freeDDict>>;

std::string_view Dictionary1() {
  return {strata_fhir_dictionary_1,
          static_cast<std::size_t>(strata_fhir_dictionary_1_end - strata_fhir_dictionary_1)};
}

// Objects that are costly to make and serve one thread at a time. Nobody waits. Thread-safe.
template <typename Owner>
class Pool {
 public:
  ~Pool() {
    while (Take() != nullptr) continue;
  }
  Owner Take() {
    for (auto& place : idle_) {
      if (auto* const object = place.exchange(nullptr, std::memory_order_acquire)) {
        return Owner(object);
      }
    }
    return nullptr;
  }
  void Give(Owner object) {
    for (auto& place : idle_) {
      typename Owner::pointer none = nullptr;
      if (place.compare_exchange_strong(none, object.get(), std::memory_order_release,
                                        std::memory_order_relaxed)) {
        static_cast<void>(object.release());
        return;
      }
    }
  }

 private:
  std::array<std::atomic<typename Owner::pointer>, 8> idle_{};
};

Compressor NewCompressor(const ZSTD_CDict* dictionary) {
  Compressor context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_format, ZSTD_f_zstd1_magicless);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 0);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_dictIDFlag, 0);
  ZSTD_CCtx_refCDict(context.get(), dictionary);
  return context;
}

Decompressor NewDecompressor(const ZSTD_DDict* dictionary) {
  Decompressor context(ZSTD_createDCtx());
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_format, ZSTD_f_zstd1_magicless);
  ZSTD_DCtx_refDDict(context.get(), dictionary);
  return context;
}

}  // namespace

struct BodyCodec::Contexts {
  CompressDictionary compress;
  DecompressDictionary decompress;
  Pool<Compressor> compressors;
  Pool<Decompressor> decompressors;
};

BodyCodec::BodyCodec() : contexts_(std::make_unique<Contexts>()) {
  const std::string_view dictionary = Dictionary1();
  contexts_->compress.reset(ZSTD_createCDict_advanced(
      dictionary.data(), dictionary.size(), ZSTD_dlm_byRef, ZSTD_dct_fullDict,
      ZSTD_getCParams(kLevel, 0, dictionary.size()), ZSTD_defaultCMem));
  contexts_->decompress.reset(ZSTD_createDDict_byReference(dictionary.data(), dictionary.size()));
}

BodyCodec::~BodyCodec() = default;

BodyCodec::Packed BodyCodec::Pack(std::string_view text) const {
  Compressor context = contexts_->compressors.Take();
  if (!context) context = NewCompressor(contexts_->compress.get());
  Packed packed{layout::Codec::kZstdDictionary1, {}};
  packed.bytes.resize(ZSTD_compressBound(text.size()));
  const std::size_t size = ZSTD_compress2(context.get(), packed.bytes.data(), packed.bytes.size(),
                                          text.data(), text.size());
  contexts_->compressors.Give(std::move(context));
  if (ZSTD_isError(size) != 0 || size >= text.size()) {
    return {layout::Codec::kPlain, std::string(text)};
  }
  packed.bytes.resize(size);
  return packed;
}

Status BodyCodec::Unpack(layout::Codec codec, std::string_view packed, std::size_t text_bytes,
                         std::string* out) const {
  if (codec == layout::Codec::kPlain) {
    if (packed.size() != text_bytes) return DataLoss("a resource's text has the wrong length");
    out->append(packed);
    return {};
  }
  if (codec != layout::Codec::kZstdDictionary1) {
    return DataLoss("a resource was packed in a way that this release does not know");
  }
  Decompressor context = contexts_->decompressors.Take();
  if (!context) context = NewDecompressor(contexts_->decompress.get());
  const std::size_t at = out->size();
  out->resize(at + text_bytes);
  const std::size_t size = ZSTD_decompressDCtx(context.get(), out->data() + at, text_bytes,
                                               packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != text_bytes) {
    out->resize(at);
    return DataLoss("a resource's packed text is damaged");
  }
  contexts_->decompressors.Give(std::move(context));
  return {};
}

}  // namespace strata::fhir::store
