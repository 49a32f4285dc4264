#pragma once

#include <sys/uio.h>

#include <cstddef>

namespace strata::gateway {

// A connected, non-blocking byte stream: the place where TLS comes in later (an implementation over
// a TLS session; nothing else knows the socket). Thread-compatible.
class Transport {
 public:
  enum class Outcome { kDone, kWouldBlock, kClosed };
  struct Progress {
    Outcome outcome = Outcome::kDone;
    std::size_t bytes = 0;
  };

  virtual ~Transport() = default;
  // kClosed: the peer has finished sending, or the connection broke.
  virtual Progress Read(char* data, std::size_t size) = 0;
  // Sends as much as goes without waiting; may be less than asked with kDone.
  virtual Progress Write(const iovec* parts, std::size_t count) = 0;
  // No more will be sent (the peer sees the end), reading goes on.
  virtual void FinishSending() = 0;
  // For waiting; owned by the transport.
  virtual int descriptor() const = 0;
};

// Plain TCP or Unix-domain socket. Owns the descriptor.
class SocketTransport final : public Transport {
 public:
  explicit SocketTransport(int descriptor) : descriptor_(descriptor) {}
  ~SocketTransport() override;
  SocketTransport(const SocketTransport&) = delete;
  SocketTransport& operator=(const SocketTransport&) = delete;

  Progress Read(char* data, std::size_t size) override;
  Progress Write(const iovec* parts, std::size_t count) override;
  void FinishSending() override;
  int descriptor() const override { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace strata::gateway
