#include "strata/service.h"

#include <exception>
#include <new>

#include "core/sdk/src/wire.h"

namespace strata {

Status CurrentExceptionStatus() {
  try {
    throw;
  } catch (const StatusError& e) {
    return e.status().ok() ? Internal("an OK status was thrown") : e.status();
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("out of memory");
  } catch (const std::exception& e) {
    return Internal(e.what());
  } catch (...) {
    return Internal("an exception of unknown type");
  }
}

namespace sdk {

strata_code Finish(strata_call* call, const Status& status) {
  if (status.ok()) return STRATA_OK;
  const strata_status out{sizeof(strata_status), static_cast<strata_code>(status.code()),
                          abi::Str(status.message()), abi::Bytes(status.details())};
  call->ops->set_status(call, &out);
  return out.code;
}

strata_code Respond(strata_call* call, const Status& status,
                    const google::protobuf::MessageLite& response) {
  if (!status.ok()) return Finish(call, status);
  Serialized serialized(response);
  return call->ops->write(call, serialized.bytes());
}

bool ParseRequest(strata_call* call, google::protobuf::MessageLite* request) {
  if (Parse(call->request, request)) return true;
  static_cast<void>(
      Finish(call, InvalidArgument("the request is not a valid " + request->GetTypeName())));
  return false;
}

Result<bool> RawReader::ReadBytes(std::string_view* bytes) {
  if (call_->ops->read == nullptr) return Internal("the caller supplied no request stream");
  strata_bytes message{};
  const strata_code code = call_->ops->read(call_, &message);
  if (code == STRATA_OUT_OF_RANGE) return false;
  if (code != STRATA_OK) return Status(abi::ToCode(code), "the request stream broke");
  *bytes = abi::View(message);
  return true;
}

Result<bool> RawReader::ReadInto(google::protobuf::MessageLite* message) {
  std::string_view bytes;
  STRATA_ASSIGN_OR_RETURN(const bool more, ReadBytes(&bytes));
  if (more && !Parse(abi::Bytes(bytes), message)) {
    return InvalidArgument("a streamed request is not a valid " + message->GetTypeName());
  }
  return more;
}

bool RawWriter::WriteMessage(const google::protobuf::MessageLite& message) {
  return call_->ops->write(call_, SerializeTo(message, &buffer_)) == STRATA_OK;
}

bool RawWriter::WriteBytes(std::string_view serialized) {
  return call_->ops->write(call_, abi::Bytes(serialized)) == STRATA_OK;
}

}  // namespace sdk
}  // namespace strata
