#pragma once

#include <string>

namespace emberharmony::base::internal {

/// The smallest CPU quota, in cores rounded up, of the control group (v1 and v2) of this process
/// and of its ancestors; 0 when there is none. Every file is read below `root` ("" for the real
/// system): root + "/proc/self/cgroup", root + "/proc/self/mountinfo", and what they point to.
int CgroupCores(const std::string& root);

}  // namespace emberharmony::base::internal
