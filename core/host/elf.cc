#include "core/host/elf.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace strata::host {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#else
#error "add this machine's ELF number"
#endif

// Bounds-checked reading of an image by the addresses that its segments would be loaded at.
class Image {
 public:
  explicit Image(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  std::optional<T> AtOffset(std::uint64_t offset) const {
    T out{};
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    std::memcpy(&out, bytes_.data() + offset, sizeof(T));
    return out;
  }

  template <typename T>
  std::optional<T> At(std::uint64_t address) const {
    const auto offset = OffsetOf(address);
    return offset ? AtOffset<T>(*offset) : std::nullopt;
  }

  // A NUL-terminated text; nothing when it runs over the end.
  std::optional<std::string> TextAt(std::uint64_t address) const {
    const auto offset = OffsetOf(address);
    if (!offset || *offset >= bytes_.size()) return std::nullopt;
    const std::size_t end = bytes_.find('\0', *offset);
    if (end == std::string_view::npos) return std::nullopt;
    return std::string(bytes_.substr(*offset, end - *offset));
  }

  void AddSegment(const Elf64_Phdr& segment) { segments_.push_back(segment); }

 private:
  std::optional<std::uint64_t> OffsetOf(std::uint64_t address) const {
    for (const Elf64_Phdr& s : segments_) {
      if (address >= s.p_vaddr && address - s.p_vaddr < s.p_filesz) {
        return address - s.p_vaddr + s.p_offset;
      }
    }
    return std::nullopt;
  }

  std::string_view bytes_;
  std::vector<Elf64_Phdr> segments_;
};

struct Dynamic {
  std::uint64_t symbols = 0;
  std::uint64_t strings = 0;
  std::uint64_t hash = 0;
  std::uint64_t gnu_hash = 0;
};

Status CheckHeader(const Elf64_Ehdr& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return InvalidArgument("no ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return InvalidArgument("not a 64-bit little-endian ELF file");
  }
  if (header.e_machine != kMachine) return InvalidArgument("ELF file of another machine");
  if (header.e_type != ET_DYN) return InvalidArgument("not a shared object");
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return InvalidArgument("odd program headers");
  return OkStatus();
}

Result<Dynamic> ReadDynamic(const Image& image, const Elf64_Phdr& segment) {
  Dynamic out;
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= segment.p_filesz; at += sizeof(Elf64_Dyn)) {
    const auto entry = image.AtOffset<Elf64_Dyn>(segment.p_offset + at);
    if (!entry) return InvalidArgument("the dynamic section runs over the end");
    if (entry->d_tag == DT_NULL) break;
    if (entry->d_tag == DT_SYMTAB) out.symbols = entry->d_un.d_ptr;
    if (entry->d_tag == DT_STRTAB) out.strings = entry->d_un.d_ptr;
    if (entry->d_tag == DT_HASH) out.hash = entry->d_un.d_ptr;
    if (entry->d_tag == DT_GNU_HASH) out.gnu_hash = entry->d_un.d_ptr;
  }
  if (out.symbols == 0 || out.strings == 0) return InvalidArgument("no dynamic symbol table");
  return out;
}

// One more than the highest symbol that the GNU hash table reaches.
Result<std::uint32_t> CountByGnuHash(const Image& image, std::uint64_t table) {
  const auto buckets = image.At<std::uint32_t>(table);
  const auto first = image.At<std::uint32_t>(table + 4);
  const auto bloom_words = image.At<std::uint32_t>(table + 8);
  if (!buckets || !first || !bloom_words) return InvalidArgument("the hash table is cut off");
  const std::uint64_t bucket_array = table + 16 + std::uint64_t{*bloom_words} * 8;
  const std::uint64_t chains = bucket_array + std::uint64_t{*buckets} * 4;
  std::uint32_t last = 0;
  for (std::uint64_t i = 0; i < *buckets; ++i) {
    const auto start = image.At<std::uint32_t>(bucket_array + i * 4);
    if (!start) return InvalidArgument("the hash table is cut off");
    last = std::max(last, *start);
  }
  if (last < *first) return *first;  // Nothing is exported.
  while (true) {
    const auto link = image.At<std::uint32_t>(chains + (std::uint64_t{last} - *first) * 4);
    if (!link) return InvalidArgument("the hash table is cut off");
    ++last;
    if ((*link & 1) != 0) return last;
  }
}

Result<std::uint32_t> CountSymbols(const Image& image, const Dynamic& dynamic) {
  std::uint32_t count = 0;
  if (dynamic.gnu_hash != 0) {
    STRATA_ASSIGN_OR_RETURN(count, CountByGnuHash(image, dynamic.gnu_hash));
  }
  if (dynamic.hash != 0) {
    const auto chains = image.At<std::uint32_t>(dynamic.hash + 4);
    if (!chains) return InvalidArgument("the hash table is cut off");
    count = std::max(count, *chains);
  }
  if (dynamic.gnu_hash == 0 && dynamic.hash == 0) return InvalidArgument("no symbol hash table");
  return count;
}

bool IsExported(const Elf64_Sym& symbol) {
  const unsigned char visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol.st_info) != STB_LOCAL &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

}  // namespace

Result<std::vector<std::string>> ExportedSymbols(std::string_view bytes) {
  Image image(bytes);
  const auto header = image.AtOffset<Elf64_Ehdr>(0);
  if (!header) return InvalidArgument("no ELF file");
  STRATA_RETURN_IF_ERROR(CheckHeader(*header));
  std::optional<Elf64_Phdr> dynamic_segment;
  for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = image.AtOffset<Elf64_Phdr>(header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) return InvalidArgument("the program headers run over the end");
    if (segment->p_type == PT_LOAD) image.AddSegment(*segment);
    if (segment->p_type == PT_DYNAMIC) dynamic_segment = *segment;
  }
  if (!dynamic_segment) return InvalidArgument("not dynamically linked");
  STRATA_ASSIGN_OR_RETURN(const Dynamic dynamic, ReadDynamic(image, *dynamic_segment));
  STRATA_ASSIGN_OR_RETURN(const std::uint32_t count, CountSymbols(image, dynamic));
  std::vector<std::string> names;
  for (std::uint64_t i = 1; i < count; ++i) {
    const auto symbol = image.At<Elf64_Sym>(dynamic.symbols + i * sizeof(Elf64_Sym));
    if (!symbol) return InvalidArgument("the symbol table is cut off");
    if (!IsExported(*symbol)) continue;
    auto name = image.TextAt(dynamic.strings + symbol->st_name);
    if (!name) return InvalidArgument("a symbol has no name");
    names.push_back(*std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace strata::host
