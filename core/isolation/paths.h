#pragma once

// Methods of the two sockets, beside those of the plugin itself on the first one.
namespace strata::isolation::path {

// Core -> process (Control).
inline constexpr char kHello[] = "/strata.isolation.v1.Control/Hello";
inline constexpr char kCreate[] = "/strata.isolation.v1.Control/Create";
inline constexpr char kStart[] = "/strata.isolation.v1.Control/Start";
inline constexpr char kHealth[] = "/strata.isolation.v1.Control/Health";
inline constexpr char kReconfigure[] = "/strata.isolation.v1.Control/Reconfigure";
inline constexpr char kDrain[] = "/strata.isolation.v1.Control/Drain";
inline constexpr char kStop[] = "/strata.isolation.v1.Control/Stop";
inline constexpr char kDestroy[] = "/strata.isolation.v1.Control/Destroy";
inline constexpr char kRelease[] = "/strata.isolation.v1.Control/Release";
inline constexpr char kAcquire[] = "/strata.isolation.v1.Control/Acquire";
inline constexpr char kReacquire[] = "/strata.isolation.v1.Control/Reacquire";
inline constexpr char kFormatState[] = "/strata.isolation.v1.Control/FormatState";
inline constexpr char kFormatWrite[] = "/strata.isolation.v1.Control/FormatWrite";
inline constexpr char kFormatStep[] = "/strata.isolation.v1.Control/FormatStep";

// Process -> core (Host).
inline constexpr char kCall[] = "/strata.isolation.v1.Host/Call";
inline constexpr char kCallFramed[] = "/strata.isolation.v1.Host/CallFramed";
inline constexpr char kResolve[] = "/strata.isolation.v1.Host/Resolve";
inline constexpr char kSecret[] = "/strata.isolation.v1.Host/Secret";
inline constexpr char kEvents[] = "/strata.isolation.v1.Host/Events";

}  // namespace strata::isolation::path
