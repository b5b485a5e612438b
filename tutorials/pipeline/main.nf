// Score, call and report several experiments with dtpscore.
//
//     nextflow run main.nf --input 'input/*.h5ad' --reference parental

params.input      = 'input/*.h5ad'
params.groupby    = 'condition'
params.reference  = 'parental'
params.sample_key = 'sample'
params.outdir     = 'results'

process DTPSCORE {
    tag "${cells.baseName}"
    cpus 2
    publishDir params.outdir, mode: 'copy'

    input:
    path cells

    output:
    path "${cells.baseName}", emit: results

    script:
    """
    export NUMBA_NUM_THREADS=${task.cpus}
    dtpscore run '${cells}' -o '${cells.baseName}' \\
        --groupby '${params.groupby}' --reference '${params.reference}' \\
        --sample-key '${params.sample_key}'
    """
}

workflow {
    DTPSCORE(Channel.fromPath(params.input, checkIfExists: true))
}
