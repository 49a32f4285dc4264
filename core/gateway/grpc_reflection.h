#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/gateway/descriptor_index.h"

namespace strata::gateway {

inline constexpr std::string_view kReflectionV1 = "grpc.reflection.v1.ServerReflection";
inline constexpr std::string_view kReflectionV1Alpha = "grpc.reflection.v1alpha.ServerReflection";

// Answers one ServerReflectionRequest (grpc/reflection/v1/reflection.proto; v1alpha has the same
// numbers) with a serialized ServerReflectionResponse. Pure; any bytes may come.
std::string AnswerReflection(std::string_view request, const DescriptorIndex& index,
                             const std::vector<std::string>& services);

}  // namespace strata::gateway
