import CSystemd

/// The process's heap.
public enum ProcessHeap {
    /// Gives memory that was freed back to the system: after something large was loaded, whose pieces are gone.
    public static func trim() {
        malloc_trim(0)
    }
}
