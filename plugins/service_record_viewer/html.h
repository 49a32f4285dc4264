#pragma once

#include "core/base/html.h"

namespace strata::record_viewer {

using web::Html;
using web::Markup;
using web::operator""_html;

}  // namespace strata::record_viewer
