#pragma once

/// The library: `#include <emberharmony/emberharmony.h>`, `namespace emberharmony`.
///
/// Fit learns a model from a table, Model::Transform applies it to record batches in memory, and
/// Extract writes training, validation and test features as the command `ember` does.
/// TerabyteFeatureExtractor does so of tables of BigQuery as well, and reads them again;
/// TerabyteTemporalStrideProcessor turns windows of rows into their principal components. Every
/// failure is an arrow::Status whose kind base::KindOf tells; no exception leaves the library. A
/// program that reads s3:// or gs:// calls CloseObjectStores before it ends. The tensor functions,
/// which throw, are in <emberharmony/ops.h>.
#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/query_plan.h"
#include "emberharmony/engine/extract.h"
#include "emberharmony/engine/model.h"
#include "emberharmony/engine/run_options.h"
#include "emberharmony/engine/temporal_stride_processor.h"
#include "emberharmony/extractor/terabyte_feature_extractor.h"
#include "emberharmony/io/object_stores.h"

namespace emberharmony {

using bigquery::PlanQuery;
using bigquery::QueryPlan;
using bigquery::TableName;
using bigquery::TableQuery;
using engine::Extract;
using engine::ExtractSummary;
using engine::Fit;
using engine::FitOptions;
using engine::MakePlan;
using engine::Model;
using engine::RunOptions;
using engine::TableInput;
using engine::TemporalBasis;
using engine::TemporalBatch;
using engine::TemporalBatches;
using engine::TemporalResults;
using engine::TemporalStrideOptions;
using engine::TerabyteTemporalStrideProcessor;
using extractor::BigQueryRows;
using extractor::DataSplit;
using extractor::ExtractorOptions;
using extractor::PreparedData;
using extractor::PrepareOptions;
using extractor::TerabyteFeatureExtractor;
using io::CloseObjectStores;

}  // namespace emberharmony
