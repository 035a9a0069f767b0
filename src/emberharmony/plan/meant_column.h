#pragma once

#include <span>
#include <string>

namespace emberharmony::plan {

/// What may be meant by a column that is none of `names`, for the end of a message: "; it has
/// fields, name those: 'st.p', 'st.q'" of a struct, whose fields have its name in front, "; did you
/// mean 'delay'?" of a near name, or "".
std::string MeantColumn(const std::string& column, std::span<const std::string> names);

}  // namespace emberharmony::plan
