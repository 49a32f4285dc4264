#include "storage/sqlite/store_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <new>
#include <vector>

#include "storage/sqlite/page_checksum.h"

namespace strata::storage::sqlite {
namespace {

// The bytes of a data file's header that tell its page size (offset 16, big-endian, 1 = 65536).
constexpr int kHeaderBytes = 100;

struct StoreFile {
  sqlite3_file base;  // first: SQLite sees only this
  StoreVfs* store;
  IoFile kind;
  // The system's file follows in the same allocation.
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

StoreFile* Self(sqlite3_file* file) { return reinterpret_cast<StoreFile*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return Self(file)->real(); }
const sqlite3_io_methods* Methods(sqlite3_file* file) { return Real(file)->pMethods; }

int ToSqlite(IoFault fault, int device_code) {
  switch (fault) {
    case IoFault::kNone:
      return SQLITE_OK;
    case IoFault::kNoSpace:
      return SQLITE_FULL;
    case IoFault::kDevice:
      break;
  }
  return device_code;
}

void LearnPageSize(StoreVfs* store, const unsigned char* header) {
  const std::uint32_t field = static_cast<std::uint32_t>(header[16] << 8 | header[17]);
  const std::uint32_t bytes = field == 1 ? 65536 : field;
  const bool valid = bytes >= 512 && (bytes & (bytes - 1)) == 0;
  if (valid && header[20] == kReservedBytes) store->set_page_bytes(bytes);
}

// Number of the page that a whole-page access is about; 0 when it is not one.
std::uint32_t PageNumber(StoreVfs* store, int amount, sqlite3_int64 offset) {
  const std::uint32_t bytes = store->page_bytes();
  if (bytes == 0 || static_cast<std::uint32_t>(amount) != bytes || offset % bytes != 0) return 0;
  return static_cast<std::uint32_t>(offset / bytes) + 1;
}

std::string_view View(const void* data, int size) {
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

int Close(sqlite3_file* file) { return Methods(file)->xClose(Real(file)); }

int Read(sqlite3_file* file, void* data, int amount, sqlite3_int64 offset) {
  const int code = Methods(file)->xRead(Real(file), data, amount, offset);
  if (code != SQLITE_OK) return code;
  StoreVfs* store = Self(file)->store;
  if (Self(file)->kind == IoFile::kLog) {
    return store->log().Check(offset, View(data, amount)) ? SQLITE_OK : SQLITE_IOERR_DATA;
  }
  const auto* bytes = static_cast<const unsigned char*>(data);
  if (offset == 0 && amount >= kHeaderBytes) LearnPageSize(store, bytes);
  const std::uint32_t number = PageNumber(store, amount, offset);
  if (number == 0) return SQLITE_OK;
  const bool sound = PageIsSound(bytes, static_cast<std::size_t>(amount), number);
  return sound ? SQLITE_OK : SQLITE_IOERR_DATA;
}

// Asks the hook, then writes.
int WriteBytes(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  IoHook* hook = Self(file)->store->hook();
  if (hook != nullptr) {
    const IoFault fault = hook->OnWrite(Self(file)->kind, offset, View(data, amount));
    if (fault != IoFault::kNone) return ToSqlite(fault, SQLITE_IOERR_WRITE);
  }
  return Methods(file)->xWrite(Real(file), data, amount, offset);
}

int WriteData(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  StoreVfs* store = Self(file)->store;
  const auto* bytes = static_cast<const unsigned char*>(data);
  if (offset == 0 && amount >= kHeaderBytes) LearnPageSize(store, bytes);
  const std::uint32_t number = PageNumber(store, amount, offset);
  if (number == 0) return WriteBytes(file, data, amount, offset);
  std::vector<unsigned char> sealed(bytes, bytes + amount);
  SealPage(sealed.data(), sealed.size(), number);
  return WriteBytes(file, sealed.data(), amount, offset);
}

int WriteFile(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  if (Self(file)->kind == IoFile::kData) return WriteData(file, data, amount, offset);
  const int code = WriteBytes(file, data, amount, offset);
  Self(file)->store->log().Wrote(offset, View(data, amount), code == SQLITE_OK);
  return code;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  StoreVfs* store = Self(file)->store;
  if (store->hook() != nullptr) {
    const IoFault fault = store->hook()->OnTruncate(Self(file)->kind, size);
    if (fault != IoFault::kNone) return ToSqlite(fault, SQLITE_IOERR_TRUNCATE);
  }
  if (Self(file)->kind == IoFile::kLog) store->log().Truncated(size);
  return Methods(file)->xTruncate(Real(file), size);
}

int Sync(sqlite3_file* file, int flags) {
  StoreVfs* store = Self(file)->store;
  store->CountSync(Self(file)->kind);
  if (store->hook() != nullptr) {
    const IoFault fault = store->hook()->OnSync(Self(file)->kind);
    if (fault != IoFault::kNone) return ToSqlite(fault, SQLITE_IOERR_FSYNC);
  }
  return Methods(file)->xSync(Real(file), flags);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Methods(file)->xFileSize(Real(file), size);
}
int Lock(sqlite3_file* file, int level) { return Methods(file)->xLock(Real(file), level); }
int Unlock(sqlite3_file* file, int level) { return Methods(file)->xUnlock(Real(file), level); }
int CheckReservedLock(sqlite3_file* file, int* held) {
  return Methods(file)->xCheckReservedLock(Real(file), held);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Methods(file)->xFileControl(Real(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return Methods(file)->xSectorSize(Real(file)); }
int DeviceCharacteristics(sqlite3_file* file) {
  return Methods(file)->xDeviceCharacteristics(Real(file));
}
int ShmMap(sqlite3_file* file, int page, int page_size, int extend, void volatile** out) {
  return Methods(file)->xShmMap(Real(file), page, page_size, extend, out);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Methods(file)->xShmLock(Real(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Methods(file)->xShmBarrier(Real(file)); }
int ShmUnmap(sqlite3_file* file, int remove) {
  return Methods(file)->xShmUnmap(Real(file), remove);
}

// Version 2: no memory-mapped reads, which would go around the checks.
constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         WriteFile,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

sqlite3_vfs* SystemVfs() { return sqlite3_vfs_find(nullptr); }

// SQLite counts its memory under a lock that every allocation of every thread takes, and nobody
// asks for the count. It can be told so before it is first used in the process, and only then.
void LeaveMemoryUncounted() {
  static const int told = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(told);
}

int Open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* system = SystemVfs();
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) {
    return system->xOpen(system, name, file, flags, out_flags);
  }
  auto* self = new (file) StoreFile();
  self->store = static_cast<StoreVfs*>(vfs->pAppData);
  self->kind = (flags & SQLITE_OPEN_WAL) != 0 ? IoFile::kLog : IoFile::kData;
  const int code = system->xOpen(system, name, self->real(), flags, out_flags);
  // SQLite closes only files that have methods.
  self->base.pMethods = self->real()->pMethods != nullptr ? &kMethods : nullptr;
  return code;
}

}  // namespace

StoreVfs::StoreVfs(IoHook* hook) : hook_(hook) {
  LeaveMemoryUncounted();
  const sqlite3_vfs* system = SystemVfs();
  if (system == nullptr) return;
  // Several stores, and several plugins, share one SQLite: the name is the object's own.
  name_ = "strata-" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
  vfs_ = std::make_unique<sqlite3_vfs>(*system);
  vfs_->pNext = nullptr;
  vfs_->zName = name_.c_str();
  vfs_->szOsFile = static_cast<int>(sizeof(StoreFile)) + system->szOsFile;
  vfs_->pAppData = this;
  vfs_->xOpen = Open;
  if (sqlite3_vfs_register(vfs_.get(), /*makeDflt=*/0) != SQLITE_OK) vfs_.reset();
}

StoreVfs::~StoreVfs() {
  if (vfs_ != nullptr) sqlite3_vfs_unregister(vfs_.get());
}

const char* StoreVfs::name() const { return vfs_ == nullptr ? nullptr : name_.c_str(); }

void StoreVfs::CountSync(IoFile file) {
  if (file == IoFile::kLog) log_syncs_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace strata::storage::sqlite
