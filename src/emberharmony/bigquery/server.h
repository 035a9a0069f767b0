#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace emberharmony::bigquery {

/// Faults that the server commits on purpose, so that clients can be tried against them.
struct ServerFaults {};

struct ServedTable {
  std::string name;      ///< PROJECT.DATASET.TABLE
  std::string location;  ///< what io::OpenSource takes
};

struct ServerOptions {
  std::vector<ServedTable> tables;
  std::string host = "127.0.0.1";
  int port = 0;  ///< 0: any that is free
  ServerFaults faults;
};

/// A running Storage Read server; the destructor stops it.
class Server {
 public:
  virtual ~Server() = default;
  virtual int port() const = 0;
  /// Ends calls under way and the threads. Twice does no harm.
  virtual void Stop() = 0;
};

}  // namespace emberharmony::bigquery
