#pragma once

#include <memory>

#include "core/host/trials.h"

namespace strata::trial {

// For StackOptions::make_trials. One trial runs at a time.
std::unique_ptr<host::Trials> MakeTrials(host::Stack& live);

}  // namespace strata::trial
