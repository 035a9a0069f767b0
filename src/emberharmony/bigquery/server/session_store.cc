#include "emberharmony/bigquery/server/session_store.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace emberharmony::bigquery::server {
namespace {

struct StreamName {
  std::string_view session_id;
  std::string_view stream_id;
};

/// Reads `projects/P/locations/L/sessions/S/streams/X`.
std::optional<StreamName> ParseStreamName(std::string_view name) {
  constexpr std::string_view kLabels[] = {"projects/", "locations/", "sessions/", "streams/"};
  std::string_view parts[4];
  for (size_t i = 0; i < 4; ++i) {
    if (!name.starts_with(kLabels[i])) return std::nullopt;
    name.remove_prefix(kLabels[i].size());
    const size_t slash = i == 3 ? name.size() : name.find('/');
    if (slash == std::string_view::npos || slash == 0) return std::nullopt;
    parts[i] = name.substr(0, slash);
    name.remove_prefix(i == 3 ? slash : slash + 1);
  }
  if (parts[3].find('/') != std::string_view::npos) return std::nullopt;
  return StreamName{parts[2], parts[3]};
}

grpc::Status NotFound(std::string_view name) {
  return {grpc::StatusCode::NOT_FOUND,
          fmt::format("Not found: stream {}: this server made no such stream", name)};
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): different numbers stay different.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

std::string InstantText(int64_t micros) {
  constexpr int64_t kMicros = 1'000'000;
  const int64_t seconds = micros / kMicros - (micros % kMicros < 0 ? 1 : 0);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(static_cast<time_t>(seconds)),
                     micros - seconds * kMicros);
}

std::string SessionStore::NewId() { return fmt::format("{:016x}", Mix(seed_ + ++num_ids_)); }

std::string SessionStore::AddStream(Session* session, StreamPtr stream) {
  std::string id = NewId();
  session->streams.emplace(id, std::move(stream));
  return session->name + "/streams/" + id;
}

void SessionStore::DropOldest() {
  const auto oldest = sessions_.find(oldest_first_.begin()->second);
  held_bytes_ -= oldest->second.held_bytes;
  sessions_.erase(oldest);
  oldest_first_.erase(oldest_first_.begin());
}

SessionStore::Created SessionStore::Add(const std::string& project,
                                        const std::vector<StreamPtr>& streams) {
  std::lock_guard lock(mutex_);
  const std::string id = NewId();
  Session session;
  session.name = fmt::format("projects/{}/locations/us/sessions/{}", project, id);
  session.expire_micros = clock_() + session_micros_;
  session.number = ++num_sessions_;
  Created created{session.name, {}, session.expire_micros};
  for (const StreamPtr& stream : streams) {
    created.streams.push_back(AddStream(&session, stream));
  }
  if (!streams.empty()) session.held_bytes = streams[0]->plan->rows->held_bytes();
  held_bytes_ += session.held_bytes;
  oldest_first_.emplace(session.number, id);
  sessions_.emplace(id, std::move(session));
  while (sessions_.size() > kSessionsMax || (held_bytes_ > kHeldBytesMax && sessions_.size() > 1)) {
    DropOldest();
  }
  return created;
}

grpc::Status SessionStore::ExpiredError(int64_t expire_micros) const {
  return {grpc::StatusCode::FAILED_PRECONDITION,
          fmt::format("there was an error operating on the stream: session expired at {}",
                      InstantText(expire_micros))};
}

grpc::Status SessionStore::Find(std::string_view stream_name, StreamPtr* stream) const {
  const std::optional<StreamName> name = ParseStreamName(stream_name);
  if (!name) {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            fmt::format("expected a stream such as "
                        "projects/P/locations/L/sessions/S/streams/X, found '{}'",
                        stream_name)};
  }
  std::lock_guard lock(mutex_);
  const auto session = sessions_.find(name->session_id);
  if (session == sessions_.end()) return NotFound(stream_name);
  const auto found = session->second.streams.find(name->stream_id);
  // The project and the location are part of the name.
  if (found == session->second.streams.end() || !stream_name.starts_with(session->second.name)) {
    return NotFound(stream_name);
  }
  if (clock_() >= session->second.expire_micros) {
    return ExpiredError(session->second.expire_micros);
  }
  *stream = found->second;
  return grpc::Status::OK;
}

grpc::Status SessionStore::Split(std::string_view stream_name, double fraction, int64_t block_rows,
                                 std::pair<std::string, std::string>* names) {
  if (!(fraction > 0.0 && fraction < 1.0)) {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            fmt::format("fraction must be between 0 and 1, both excluded, found {}", fraction)};
  }
  StreamPtr stream;
  grpc::Status status = Find(stream_name, &stream);
  if (!status.ok()) return status;
  const int64_t num_rows = stream->positions.num_rows();
  const auto blocks = static_cast<int64_t>(
      std::llround(static_cast<double>(num_rows) * fraction / static_cast<double>(block_rows)));
  const int64_t rank = std::min(blocks * block_rows, num_rows);
  if (rank == 0 || rank == num_rows) return grpc::Status::OK;
  const auto [before, after] = stream->positions.SplitAt(rank);
  const TableRows& rows = *stream->plan->rows;
  auto primary = std::make_shared<Stream>(Stream{stream->plan, before, rows.At(before), 0});
  auto remainder = std::make_shared<Stream>(Stream{stream->plan, after, rows.At(after), 0});

  std::lock_guard lock(mutex_);
  const auto session = sessions_.find(ParseStreamName(stream_name)->session_id);
  if (session == sessions_.end()) return NotFound(stream_name);
  const size_t num_streams = session->second.streams.size();
  if (num_streams + 2 > kStreamsMax) return grpc::Status::OK;
  primary->index = static_cast<int>(num_streams);
  remainder->index = static_cast<int>(num_streams) + 1;
  names->first = AddStream(&session->second, std::move(primary));
  names->second = AddStream(&session->second, std::move(remainder));
  return grpc::Status::OK;
}

}  // namespace emberharmony::bigquery::server
